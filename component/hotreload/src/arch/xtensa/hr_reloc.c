/* SPDX-License-Identifier: MIT */
#include "arch/hr_reloc.h"

#include <inttypes.h>

#include "hotreload.h"
#include "elf/hr_symbol.h"
#include "port/hr_chip.h"

/* What a relocation writes, whatever its type is called. */
typedef enum {
    ACTION_UNKNOWN,
    ACTION_NONE,
    ACTION_RELATIVE, /* the value in place is a link address of the module */
    ACTION_SYMBOL,   /* S + A */
} action_t;

static const uint8_t actions[HR_RELOC_TYPES] = {
    [HR_R_XTENSA_NONE] = ACTION_NONE,
    [HR_R_XTENSA_32] = ACTION_SYMBOL,
    [HR_R_XTENSA_RTLD] = ACTION_NONE, /* for lazy binding, which nothing here does */
    [HR_R_XTENSA_GLOB_DAT] = ACTION_SYMBOL,
    [HR_R_XTENSA_JMP_SLOT] = ACTION_SYMBOL,
    [HR_R_XTENSA_RELATIVE] = ACTION_RELATIVE,
    [HR_R_XTENSA_PLT] = ACTION_SYMBOL,
};

static action_t action_of(uint32_t type)
{
    return type < HR_RELOC_TYPES ? (action_t)actions[type] : ACTION_UNKNOWN;
}

static esp_err_t check_symbol(const hr_image_t *image, uint32_t index, const hr_elf_rela_t *rela,
                              action_t action, hr_report_t *report)
{
    uint32_t symbol = HR_ELF_RELA_SYMBOL(rela);
    if (action == ACTION_RELATIVE) {
        if (symbol != 0) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_SYMBOL,
                             "relocation %" PRIu32 ": R_XTENSA_RELATIVE has symbol %" PRIu32
                             ", not 0", index, symbol);
        }
        return ESP_OK;
    }
    if (symbol == 0 || symbol >= image->symbols.count) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_SYMBOL,
                         "relocation %" PRIu32 ": symbol %" PRIu32 " is not one of 1 to %" PRIu32,
                         index, symbol, image->symbols.count - 1);
    }
    return hr_symbol_check(image, symbol, report);
}

/* What is written has to lead somewhere: with the module, or to what the chip has. */
static esp_err_t check_value(const hr_image_t *image, uint32_t index, const hr_elf_rela_t *rela,
                             action_t action, const hr_segment_t *segment, hr_report_t *report)
{
    uint32_t value = rela->addend;
    bool own = true; /* goes along with the module */
    bool fixed = true;
    if (action == ACTION_RELATIVE) {
        value += hr_image_value(image, segment, rela->offset);
    } else {
        hr_elf_symbol_t symbol = hr_image_symbol(image, HR_ELF_RELA_SYMBOL(rela));
        value += symbol.shndx != HR_ELF_SHN_UNDEF ? symbol.value : 0;
        fixed = symbol.shndx == HR_ELF_SHN_UNDEF || symbol.shndx == HR_ELF_SHN_ABS;
        own = !fixed;
    }
    if ((own && hr_image_reaches(image, value)) || (fixed && hr_chip_has(value))) {
        return ESP_OK;
    }
    return hr_reject(report, HOTRELOAD_ERR_RELOC_VALUE,
                     "relocation %" PRIu32 " at 0x%" PRIx32 ": 0x%" PRIx32
                     " is no address of the module or of the chip", index, rela->offset, value);
}

/* `segment` is where the one before was, most are in the same. */
static esp_err_t check_entry(const hr_image_t *image, uint32_t index, const hr_elf_rela_t *rela,
                             const hr_segment_t **segment, hr_report_t *report)
{
    uint32_t type = HR_ELF_RELA_TYPE(rela);
    action_t action = action_of(type);
    if (action == ACTION_UNKNOWN) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TYPE,
                         "relocation %" PRIu32 " at 0x%" PRIx32 ": type %" PRIu32 " is unknown",
                         index, rela->offset, type);
    }
    if (action == ACTION_NONE) {
        return ESP_OK;
    }
    if (!hr_segment_has(*segment, rela->offset, sizeof(uint32_t))) {
        *segment = hr_image_segment(image, rela->offset, sizeof(uint32_t));
    }
    if (*segment == NULL) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_OFFSET,
                         "relocation %" PRIu32 ": the 4 bytes at r_offset 0x%" PRIx32
                         " are not inside one segment", index, rela->offset);
    }
    esp_err_t err = check_symbol(image, index, rela, action, report);
    return err != ESP_OK ? err : check_value(image, index, rela, action, *segment, report);
}

esp_err_t hr_reloc_check(const hr_image_t *image, uint32_t *total, hr_report_t *report)
{
    const hr_segment_t *segment = image->segments;
    *total = 0;
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count; i++, (*total)++) {
            hr_elf_rela_t rela = hr_image_rela(image, table, i);
            esp_err_t err = check_entry(image, *total, &rela, &segment, report);
            if (err != ESP_OK) {
                return err;
            }
        }
    }
    return ESP_OK;
}

/* What is in the file of a word of the module; zero where there is nothing. */
static uint32_t word_in_place(const hr_image_t *image, uint32_t link)
{
    const hr_segment_t *segment = hr_image_segment(image, link, sizeof(uint32_t));
    uint32_t at = link - segment->link;
    uint32_t word = 0;
    if (at < segment->file_size) {
        uint32_t left = segment->file_size - at;
        hr_image_read(image, segment->offset + at, &word, left < sizeof(word) ? left : sizeof(word));
    }
    return word;
}

bool hr_reloc_value(const hr_image_t *image, const hr_elf_rela_t *rela, uint32_t *value)
{
    action_t action = action_of(HR_ELF_RELA_TYPE(rela));
    if (action == ACTION_RELATIVE) {
        *value = word_in_place(image, rela->offset) + rela->addend;
    } else if (action == ACTION_SYMBOL) {
        hr_elf_symbol_t symbol = hr_image_symbol(image, HR_ELF_RELA_SYMBOL(rela));
        bool moves = symbol.shndx != HR_ELF_SHN_UNDEF && symbol.shndx != HR_ELF_SHN_ABS;
        *value = moves ? symbol.value + rela->addend : HR_RELOC_FOREIGN;
    }
    return action != ACTION_NONE;
}

static uint32_t symbol_value(const hr_image_t *image, const hr_placement_t *placement,
                             const hr_elf_rela_t *rela)
{
    hr_elf_symbol_t symbol = hr_image_symbol(image, HR_ELF_RELA_SYMBOL(rela));
    if (symbol.shndx == HR_ELF_SHN_UNDEF) {
        return rela->addend; /* weak and nowhere defined: S is 0 */
    }
    if (symbol.shndx == HR_ELF_SHN_ABS) {
        return symbol.value + rela->addend;
    }
    return hr_place_run_address(placement, symbol.value) + rela->addend;
}

/* `segment` is where the one before was, most are in the same. */
static void apply_entry(const hr_image_t *image, const hr_placement_t *placement,
                        const hr_elf_rela_t *rela, const hr_placed_t **segment)
{
    action_t action = action_of(HR_ELF_RELA_TYPE(rela));
    if (action == ACTION_NONE) {
        return;
    }
    if (!hr_placed_has(*segment, rela->offset, sizeof(uint32_t))) {
        *segment = hr_place_segment(placement, rela->offset, sizeof(uint32_t));
    }
    uint32_t at = rela->offset - (*segment)->link;
    uint32_t value = action == ACTION_RELATIVE
                         ? hr_place_run_address(placement, hr_place_load(*segment, at) + rela->addend)
                         : symbol_value(image, placement, rela);
    hr_place_store(*segment, at, value);
}

void hr_reloc_apply(const hr_image_t *image, const hr_placement_t *placement,
                    hr_reloc_counts_t *counts)
{
    const hr_placed_t *segment = placement->segments;
    *counts = (hr_reloc_counts_t) {0};
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count; i++) {
            hr_elf_rela_t rela = hr_image_rela(image, table, i);
            apply_entry(image, placement, &rela, &segment);
            counts->of_type[HR_ELF_RELA_TYPE(&rela)]++;
        }
    }
}
