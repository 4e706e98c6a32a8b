/* SPDX-License-Identifier: MIT */
#include "module/hr_functions.h"

#include <inttypes.h>

#include "arch/hr_entry.h"
#include "arch/hr_reloc.h"
#include "hotreload.h"

/* One of the two tables, and which of its entries have been relocated. */
typedef struct {
    const char *name;
    hr_functions_t functions;
    uint32_t seen[HR_FUNCTIONS_MAX / 32];
    uint32_t seen_count;
} table_t;

static esp_err_t check_entry(const hr_image_t *image, table_t *table, const hr_elf_rela_t *rela,
                             uint32_t function, hr_report_t *report)
{
    uint32_t at = rela->offset - table->functions.link;
    uint32_t index = at / sizeof(uint32_t);
    uint32_t bit = UINT32_C(1) << index % 32;
    hr_report_t unused;
    if (at % sizeof(uint32_t) != 0 || (table->seen[index / 32] & bit) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                         "the relocation at 0x%" PRIx32 " is not the only one of an entry of %s",
                         rela->offset, table->name);
    }
    table->seen[index / 32] |= bit;
    table->seen_count++;
    if (hr_entry_check(image, &table->name, &function, 1, &unused) != ESP_OK) {
        return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                         "entry %" PRIu32 " of %s is 0x%" PRIx32 ", where no function of the module "
                         "begins", index, table->name, function);
    }
    return ESP_OK;
}

/* Whether the relocation writes to any byte of the table. */
static bool is_written(const table_t *table, const hr_elf_rela_t *rela)
{
    uint64_t end = (uint64_t)table->functions.link + table->functions.count * sizeof(uint32_t);
    return rela->offset < end
        && (uint64_t)rela->offset + sizeof(uint32_t) > table->functions.link;
}

static esp_err_t check_table(const hr_image_t *image, table_t *table, hr_report_t *report)
{
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        for (uint32_t i = 0; i < image->relocations[t].count; i++) {
            hr_elf_rela_t copy;
            const hr_elf_rela_t *rela = hr_image_rela(image, image->relocations[t], i, &copy);
            uint32_t function;
            if (!is_written(table, rela) || !hr_reloc_value(image, rela, &function)) {
                continue;
            }
            esp_err_t err = check_entry(image, table, rela, function, report);
            if (err != ESP_OK) {
                return err;
            }
        }
    }
    if (table->seen_count < table->functions.count) {
        return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                         "%" PRIu32 " of the %" PRIu32 " entries of %s have no relocation",
                         table->functions.count - table->seen_count, table->functions.count,
                         table->name);
    }
    return ESP_OK;
}

esp_err_t hr_functions_check(const hr_image_t *image, hr_report_t *report)
{
    table_t tables[] = {
        {.name = "DT_INIT_ARRAY", .functions = image->constructors},
        {.name = "DT_FINI_ARRAY", .functions = image->destructors},
    };
    esp_err_t err = ESP_OK;
    for (size_t i = 0; err == ESP_OK && i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i].functions.count > 0) {
            err = check_table(image, &tables[i], report);
        }
    }
    return err;
}
