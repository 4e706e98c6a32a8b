/* SPDX-License-Identifier: MIT */
#include "elf/hr_symbol.h"

#include <inttypes.h>

#include "hotreload.h"

/* Longest part of a name that a message shows. */
#define NAME_SHOWN "%.64s"

/* Steps along hash chains for each name that is looked up. GNU ld makes chains of five symbols at
   most on the average; longer ones, of symbols that were made to collide, cost the square of what
   they are. */
#define STEPS_PER_NAME 16

static const char *name_of(const hr_image_t *image, const hr_elf_symbol_t *symbol)
{
    return (const char *)image->data + image->strings.offset + symbol->name;
}

static esp_err_t check_section(const hr_image_t *image, uint32_t index,
                               const hr_elf_symbol_t *symbol, hr_report_t *report)
{
    uint32_t section = symbol->shndx;
    if (section == HR_ELF_SHN_ABS || section < hr_image_sections(image)) {
        return ESP_OK;
    }
    return hr_reject(report, HOTRELOAD_ERR_SYMBOL_SECTION,
                     "symbol %" PRIu32 ": st_shndx is 0x%" PRIx32 ", which is no section",
                     index, section);
}

static esp_err_t check_name(const hr_image_t *image, uint32_t index,
                            const hr_elf_symbol_t *symbol, hr_report_t *report)
{
    if (symbol->name >= image->strings.count) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_NAME,
                         "symbol %" PRIu32 ": st_name %" PRIu32
                         " is outside the string table of %" PRIu32 " bytes",
                         index, symbol->name, image->strings.count);
    }
    return ESP_OK;
}

/* Thread-local variables, and functions that choose a function, are no addresses. */
static esp_err_t check_info(uint32_t index, const hr_elf_symbol_t *symbol, hr_report_t *report)
{
    if (HR_ELF_SYMBOL_BIND(symbol) > HR_ELF_STB_WEAK
        || HR_ELF_SYMBOL_TYPE(symbol) > HR_ELF_STT_SECTION) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_INFO,
                         "symbol %" PRIu32 ": st_info 0x%02x has a binding or a type that is not "
                         "known", index, symbol->info);
    }
    return ESP_OK;
}

/* Of a symbol that belongs to a section; the others have no address in the module. */
static esp_err_t check_value(const hr_image_t *image, uint32_t index,
                             const hr_elf_symbol_t *symbol, hr_report_t *report)
{
    if (symbol->shndx == HR_ELF_SHN_UNDEF || symbol->shndx == HR_ELF_SHN_ABS
        || hr_image_reaches(image, symbol->value)) {
        return ESP_OK;
    }
    return hr_reject(report, HOTRELOAD_ERR_SYMBOL_VALUE,
                     "symbol %" PRIu32 ": st_value 0x%" PRIx32 " is far from every segment", index,
                     symbol->value);
}

esp_err_t hr_symbol_check(const hr_image_t *image, uint32_t index, const hr_elf_symbol_t *symbol,
                          hr_report_t *report)
{
    esp_err_t err = check_name(image, index, symbol, report);
    if (err == ESP_OK) {
        err = check_info(index, symbol, report);
    }
    if (err == ESP_OK) {
        err = check_section(image, index, symbol, report);
    }
    if (err == ESP_OK) {
        err = check_value(image, index, symbol, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    if (symbol->shndx == HR_ELF_SHN_UNDEF && HR_ELF_SYMBOL_BIND(symbol) != HR_ELF_STB_WEAK) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_UNDEFINED,
                         "symbol %" PRIu32 ": " NAME_SHOWN " is not defined, neither by the module "
                         "nor by the firmware", index, name_of(image, symbol));
    }
    return ESP_OK;
}

/* The hash function of DT_HASH (System V ABI, "Hash Table"). The bits that it clears at each character
   are pushed out by the next one: what is left of them goes at the end. */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0;
    for (const uint8_t *c = (const uint8_t *)name; *c != 0; c++) {
        hash = (hash << 4) + *c;
        hash ^= hash >> 28 << 4;
    }
    return hash & 0x0fffffff;
}

/* Whether two texts are the same: four characters in one go. */
static inline bool is_equal(const char *own, const char *name)
{
    for (;; own += 4, name += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            if (own[i] != name[i]) {
                return false;
            }
            if (own[i] == 0) {
                return true;
            }
        }
    }
}

/* Whether it is a function of the module itself, not the firmware's address of the same name. */
static inline bool defines(const hr_image_t *image, const hr_elf_symbol_t *symbol, const char *name)
{
    return hr_symbol_is_own(symbol) && HR_ELF_SYMBOL_BIND(symbol) != HR_ELF_STB_LOCAL
           && is_equal(name_of(image, symbol), name);
}

/* How many of the names are those of the symbols from one on, one behind the other: the build sorts
   both. `links` receives their link addresses. A function of its own, for what it uses stays in
   registers then. */
static __attribute__((noinline)) uint32_t follow(const hr_image_t *image, uint32_t at,
                                                 const char *const *names, size_t count,
                                                 uint32_t *links)
{
    const hr_elf_symbol_t *symbols = (const void *)(image->data + image->symbols.offset);
    size_t left = image->symbols.count - at;
    size_t most = count < left ? count : left;
    uint32_t i = 0;
    if ((uintptr_t)symbols % sizeof(uint32_t) != 0) {
        return 0;
    }
    for (const hr_elf_symbol_t *symbol = symbols + at; i < most; i++, symbol++) {
        if (!hr_symbol_is_usual(image, symbol) || !defines(image, symbol, names[i])) {
            break;
        }
        links[i] = symbol->value;
    }
    return i;
}

/* By its hash. `steps_left` is how many symbols may be looked at, for this name and those after it. */
static esp_err_t look_up(const hr_image_t *image, const char *name, uint32_t *steps_left,
                         uint32_t *found, uint32_t *link, hr_report_t *report)
{
    uint32_t at = hr_image_word(image, image->buckets, hash_of(name) % image->buckets.count);
    for (; at != 0; at = hr_image_word(image, image->chains, at)) {
        if (at >= image->symbols.count) {
            return hr_reject(report, HOTRELOAD_ERR_HASH,
                             "the hash chain of " NAME_SHOWN " names symbol %" PRIu32 " of %" PRIu32,
                             name, at, image->symbols.count);
        }
        if ((*steps_left)-- == 0) {
            return hr_reject(report, HOTRELOAD_ERR_HASH_CHAIN,
                             "the hash chains are too long or do not end: symbol %" PRIu32
                             " in that of " NAME_SHOWN, at, name);
        }
        hr_elf_symbol_t copy;
        const hr_elf_symbol_t *symbol = hr_image_symbol(image, at, &copy);
        esp_err_t err = check_name(image, at, symbol, report);
        if (err == ESP_OK && defines(image, symbol, name)) {
            *found = at;
            *link = symbol->value;
            err = check_info(at, symbol, report);
            return err != ESP_OK ? err : check_section(image, at, symbol, report);
        }
        if (err != ESP_OK) {
            return err;
        }
    }
    return hr_reject(report, HOTRELOAD_ERR_SYMBOL_MISSING,
                     "the module has no function " NAME_SHOWN, name);
}

esp_err_t hr_symbol_find_exports(const hr_image_t *image, const char *const *names, size_t count,
                                 uint32_t *links, hr_report_t *report)
{
    uint32_t steps_left = image->symbols.count + (uint32_t)count * STEPS_PER_NAME;
    uint32_t last = 0;
    esp_err_t err = ESP_OK;
    for (size_t i = 0; err == ESP_OK && i < count; i++) {
        uint32_t followed = follow(image, last + 1, names + i, count - i, links + i);
        last += followed;
        i += followed;
        if (i < count) {
            err = look_up(image, names[i], &steps_left, &last, &links[i], report);
        }
    }
    return err;
}
