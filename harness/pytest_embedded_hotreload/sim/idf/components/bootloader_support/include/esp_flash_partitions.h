/* SPDX-License-Identifier: MIT */
/* the partition table as it lies in flash: ESP-IDF's guide "Partition Tables" */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ESP_PARTITION_MAGIC 0x50AA
#define ESP_PARTITION_MAGIC_MD5 0xEBEB
#define ESP_PARTITION_MD5_OFFSET 16

#define PART_TYPE_APP 0x00
#define PART_SUBTYPE_FACTORY 0x00
#define PART_SUBTYPE_OTA_FLAG 0x10
#define PART_SUBTYPE_OTA_MASK 0x0f
#define PART_SUBTYPE_TEST 0x20
#define PART_TYPE_DATA 0x01
#define PART_FLAG_ENCRYPTED (1u << 0)

#define ESP_PARTITION_TABLE_MAX_LEN 0xC00

typedef struct {
    uint32_t offset;
    uint32_t size;
} esp_partition_pos_t;

typedef struct {
    uint16_t magic;
    uint8_t type;
    uint8_t subtype;
    esp_partition_pos_t pos;
    uint8_t label[16];
    uint32_t flags;
} esp_partition_info_t;

_Static_assert(sizeof(esp_partition_info_t) == 32, "size of a partition table entry");

#define ESP_PARTITION_TABLE_MAX_ENTRIES (ESP_PARTITION_TABLE_MAX_LEN / sizeof(esp_partition_info_t))

/**
 * Checks a table of ESP_PARTITION_TABLE_MAX_LEN bytes: magic numbers, bounds, MD5 where there is one.
 *
 * @param table       the table, aligned to 4 bytes
 * @param flash_size  no partition may end beyond this
 * @param count       set to the number of partitions
 * @return NULL when the table is good, else what is wrong with it
 */
const char *esp_partition_table_check(const esp_partition_info_t *table, uint32_t flash_size,
                                      size_t *count);
