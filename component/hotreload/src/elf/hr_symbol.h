/* SPDX-License-Identifier: MIT */
/* Symbols of a module: what relocations refer to, and the functions that the firmware calls. */
#pragma once

#include "elf/hr_image.h"

/* Whether name, type, binding and section are such that only the value is left to be checked. */
static inline bool hr_symbol_is_usual(const hr_image_t *image, const hr_elf_symbol_t *symbol)
{
    uint32_t section = symbol->shndx;
    if (symbol->name >= image->strings.count || HR_ELF_SYMBOL_TYPE(symbol) > HR_ELF_STT_SECTION
        || HR_ELF_SYMBOL_BIND(symbol) > HR_ELF_STB_WEAK) {
        return false;
    }
    if (section == HR_ELF_SHN_UNDEF) {
        return HR_ELF_SYMBOL_BIND(symbol) == HR_ELF_STB_WEAK;
    }
    return section < hr_image_sections(image) || section == HR_ELF_SHN_ABS;
}

/* Whether it moves with the module: neither the firmware's address nor nobody's. */
static inline bool hr_symbol_is_own(const hr_elf_symbol_t *symbol)
{
    return symbol->shndx != HR_ELF_SHN_UNDEF && symbol->shndx != HR_ELF_SHN_ABS;
}

/* Whether a relocation may use a symbol: named inside the string table and defined by somebody. */
esp_err_t hr_symbol_check(const hr_image_t *image, uint32_t index, const hr_elf_symbol_t *symbol,
                          hr_report_t *report);

/* Finds each of the names and checks that a stub can enter it. `links` receives the link
   addresses, in the order of the names. The cost is linear in symbols and names together. */
esp_err_t hr_symbol_find_exports(const hr_image_t *image, const char *const *names, size_t count,
                                 uint32_t *links, hr_report_t *report);
