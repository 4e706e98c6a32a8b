/* SPDX-License-Identifier: MIT */
#include "esp_flash_partitions.h"

#include <stdbool.h>
#include <string.h>

#include "md5.h"

static bool md5_matches(const esp_partition_info_t *table, size_t entries)
{
    uint8_t digest[MD5_DIGEST_BYTES];
    md5_digest((const uint8_t *)table, entries * sizeof(*table), digest);
    const uint8_t *row = (const uint8_t *)&table[entries];
    return memcmp(row + ESP_PARTITION_MD5_OFFSET, digest, sizeof(digest)) == 0;
}

const char *esp_partition_table_check(const esp_partition_info_t *table, uint32_t flash_size,
                                      size_t *count)
{
    size_t partitions = 0;
    *count = 0;
    for (size_t i = 0; i < ESP_PARTITION_TABLE_MAX_ENTRIES; i++) {
        const esp_partition_info_t *entry = &table[i];
        switch (entry->magic) {
        case ESP_PARTITION_MAGIC:
            if (entry->pos.offset > flash_size || entry->pos.size > flash_size - entry->pos.offset) {
                return "a partition is beyond the end of the flash";
            }
            partitions++;
            break;
        case ESP_PARTITION_MAGIC_MD5:
            if (!md5_matches(table, i)) {
                return "its MD5 does not match";
            }
            break;
        case 0xffff:
            *count = partitions;
            return partitions > 0 ? NULL : "it is empty";
        default:
            return "an entry has no valid magic number";
        }
    }
    return "it has no end";
}
