/* SPDX-License-Identifier: MIT */
/* finds the application in the partition table, copies it to RAM and starts it */
#include <stdint.h>

#include "console.h"
#include "esp_flash_partitions.h"
#include "image.h"
#include "sdkconfig.h"
#include "soc/sim_board.h"

static const char *const TAG = "boot";

void boot_main(void);
void boot_panic(uint32_t cause, uint32_t pc);
void boot_jump(uint32_t entry) __attribute__((noreturn));

static void __attribute__((noreturn)) halt(void)
{
    for (;;) {
        __asm__ volatile("waiti 15");
    }
}

void boot_panic(uint32_t cause, uint32_t pc)
{
    BOOT_LOGE(TAG, "exception %u at 0x%08x in the bootloader: halted", (unsigned)cause, (unsigned)pc);
    halt();
}

static const char *usage(const esp_partition_info_t *entry)
{
    if (entry->type == PART_TYPE_APP) {
        switch (entry->subtype) {
        case PART_SUBTYPE_FACTORY:
            return "factory app";
        case PART_SUBTYPE_TEST:
            return "test app";
        default:
            return (entry->subtype & ~PART_SUBTYPE_OTA_MASK) == PART_SUBTYPE_OTA_FLAG ? "OTA app"
                                                                                       : "Unknown app";
        }
    }
    return entry->type == PART_TYPE_DATA ? "data" : "Unknown";
}

/* the factory application, or the first of the OTA slots where there is none */
static const esp_partition_info_t *find_app(const esp_partition_info_t *table, size_t count)
{
    const esp_partition_info_t *ota = NULL;
    for (size_t i = 0; i < count; i++) {
        if (table[i].type != PART_TYPE_APP) {
            continue;
        }
        if (table[i].subtype == PART_SUBTYPE_FACTORY) {
            return &table[i];
        }
        if (table[i].subtype == PART_SUBTYPE_OTA_FLAG) {
            ota = &table[i];
        }
    }
    return ota;
}

static void print_table(const esp_partition_info_t *table, size_t count)
{
    BOOT_LOGI(TAG, "Partition Table:");
    BOOT_LOGI(TAG, "## Label, Usage, Type ST Offset Length");
    for (size_t i = 0; i < count; i++) {
        char label[sizeof(table[i].label) + 1] = {0};
        for (size_t c = 0; c < sizeof(table[i].label); c++) {
            label[c] = (char)table[i].label[c];
        }
        BOOT_LOGI(TAG, "%u %s, %s, %02x %02x %08x %08x", (unsigned)i, label, usage(&table[i]),
                  table[i].type, table[i].subtype, (unsigned)table[i].pos.offset,
                  (unsigned)table[i].pos.size);
    }
    BOOT_LOGI(TAG, "End of partition table");
}

void boot_main(void)
{
    const esp_partition_info_t *table =
        (const esp_partition_info_t *)(SIM_FLASH_BASE + CONFIG_PARTITION_TABLE_OFFSET);
    size_t count;
    BOOT_LOGI(TAG, "ESP-IDF v5.1 2nd stage bootloader");

    const char *error = esp_partition_table_check(table, SIM_FLASH_SIZE, &count);
    if (error != NULL) {
        BOOT_LOGE(TAG, "Partition table at 0x%x cannot be used: %s. Halted", CONFIG_PARTITION_TABLE_OFFSET,
                  error);
        halt();
    }
    print_table(table, count);

    const esp_partition_info_t *app = find_app(table, count);
    if (app == NULL) {
        BOOT_LOGE(TAG, "No bootable app partitions in the partition table. Halted");
        halt();
    }
    uint32_t entry;
    error = image_load(&app->pos, &entry);
    if (error != NULL) {
        BOOT_LOGE(TAG, "App image at 0x%x cannot be started: %s. Halted", (unsigned)app->pos.offset, error);
        halt();
    }
    BOOT_LOGI(TAG, "Loaded app from partition at offset 0x%x", (unsigned)app->pos.offset);
    boot_jump(entry);
}
