/* SPDX-License-Identifier: MIT */
#include "partition_table.h"

#include <string.h>

#include "esp_flash.h"
#include "esp_flash_partitions.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"
#include "soc/sim_board.h"
#include "spi_flash_mmap.h"

static const char *const TAG = "partition";

static esp_partition_t s_partitions[ESP_PARTITION_TABLE_MAX_ENTRIES];
static size_t s_count;
static bool s_loaded;
static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;

static void load_entry(esp_partition_t *partition, const esp_partition_info_t *entry)
{
    *partition = (esp_partition_t){
        .flash_chip = esp_flash_default_chip,
        .type = entry->type,
        .subtype = entry->subtype,
        .address = entry->pos.offset,
        .size = entry->pos.size,
        .erase_size = SPI_FLASH_SEC_SIZE,
        .encrypted = entry->flags & PART_FLAG_ENCRYPTED,
    };
    memcpy(partition->label, entry->label, sizeof(entry->label));
}

const esp_partition_t *partition_table_get(size_t *count)
{
    const esp_partition_info_t *table =
        (const esp_partition_info_t *)(SIM_FLASH_BASE + CONFIG_PARTITION_TABLE_OFFSET);
    const char *error = NULL;
    portENTER_CRITICAL(&s_lock);
    if (!s_loaded) {
        error = esp_partition_table_check(table, SIM_FLASH_SIZE, &s_count);
        for (size_t i = 0; i < s_count; i++) {
            load_entry(&s_partitions[i], &table[i]);
        }
        s_loaded = true;
    }
    portEXIT_CRITICAL(&s_lock);
    if (error != NULL) {
        ESP_LOGE(TAG, "partition table at 0x%x cannot be used: %s", CONFIG_PARTITION_TABLE_OFFSET, error);
    }
    *count = s_count;
    return s_partitions;
}
