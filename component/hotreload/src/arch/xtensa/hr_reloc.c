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

#define RELOC_TYPES (HR_R_XTENSA_PLT + 1)

static const uint8_t actions[RELOC_TYPES] = {
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
    return type < RELOC_TYPES ? (action_t)actions[type] : ACTION_UNKNOWN;
}

/* Addresses that what a relocation writes may lead to. */
typedef struct {
    uint32_t start;
    uint32_t size;
    uint32_t moved; /* by so many bytes when the module is placed */
} target_t;

/* What relocations lead to, and where the words are of the segment that the last one was about. */
typedef struct {
    uint32_t link; /* words that begin here */
    uint32_t size; /* or less than this behind it */
    uintptr_t words;
    uint32_t own_count; /* of targets that move with the module; those that do not come behind them */
    uint32_t count;
    target_t targets[HR_SEGMENTS_MAX + HR_CHIP_PLACES];
} known_t;

static void add_target(known_t *known, uint32_t start, uint32_t size, uint32_t moved)
{
    known->targets[known->count++] = (target_t) {start, size, moved};
}

/* The first target from one up to `end` that has an address; `end`: none has. */
static inline const target_t *find_target(const target_t *target, const target_t *end,
                                          uint32_t address)
{
    while (target < end && address - target->start >= target->size) {
        target++;
    }
    return target;
}

static void set_words(known_t *known, uint32_t link, uint32_t size, const uint8_t *words)
{
    known->link = link;
    known->size = size >= sizeof(uint32_t) ? size - (uint32_t)sizeof(uint32_t) + 1 : 0;
    known->words = (uintptr_t)words;
}

/* Whether the segment has an aligned word at a link address, and where that is. */
static inline bool find_word(const known_t *known, uint32_t link, uint32_t **word)
{
    uint32_t at = link - known->link;
    *word = (uint32_t *)(known->words + at);
    return at < known->size && (uintptr_t)*word % sizeof(uint32_t) == 0;
}

/* From relocation `i` of a table on, the number of the first that is not RELATIVE, of an aligned word
   of the segment that the last one was about, to a target that is known. Those in front of it are
   applied, or else need no further check. A function of its own, as is the next one, for what it uses
   stays in registers then. */
static __attribute__((noinline)) uint32_t skip_relative(const hr_image_t *image, hr_table_t table,
                                                        uint32_t i, const known_t *known, bool apply)
{
    const hr_elf_rela_t *relas = (const void *)(image->data + table.offset);
    target_t last = known->targets[0]; /* most lead to where the one before did */
    const known_t words = *known;
    if ((uintptr_t)relas % sizeof(uint32_t) != 0) {
        return i;
    }
    for (; i < table.count && relas[i].info == HR_R_XTENSA_RELATIVE; i++) {
        uint32_t *word;
        if (!find_word(&words, relas[i].offset, &word)) {
            break;
        }
        uint32_t value = *word + relas[i].addend;
        if (value - last.start >= last.size) {
            const target_t *end = known->targets + known->count;
            const target_t *target = find_target(known->targets, end, value);
            if (target == end) {
                break;
            }
            last = *target;
        }
        if (apply) {
            *word = value + last.moved; /* one store, in text as well */
        }
    }
    return i;
}

/* S as it is linked. */
static uint32_t value_of(const hr_elf_symbol_t *symbol)
{
    return symbol->shndx != HR_ELF_SHN_UNDEF ? symbol->value : 0; /* weak and nowhere defined: 0 */
}

/* The same for relocations with a symbol, which leads to one target with and without the addend. */
static __attribute__((noinline)) uint32_t skip_symbols(const hr_image_t *image, hr_table_t table,
                                                       uint32_t i, const known_t *known, bool apply)
{
    const hr_elf_rela_t *relas = (const void *)(image->data + table.offset);
    const hr_elf_symbol_t *symbols = (const void *)(image->data + image->symbols.offset);
    target_t last = known->targets[0]; /* of the module */
    bool last_own = true;
    if (((uintptr_t)relas | (uintptr_t)symbols) % sizeof(uint32_t) != 0 || i == table.count) {
        return i;
    }
    uint32_t info = ~relas[i].info; /* of the one before: the first one has another */
    uint32_t value = 0;             /* of its symbol */
    for (const hr_elf_rela_t *rela = relas + i; i < table.count; i++, rela++) {
        if (rela->info != info) {
            uint32_t number = HR_ELF_RELA_SYMBOL(rela);
            if (action_of(HR_ELF_RELA_TYPE(rela)) != ACTION_SYMBOL || number == 0
                || number >= image->symbols.count) {
                break;
            }
            const hr_elf_symbol_t *symbol = &symbols[number];
            if (!apply && !hr_symbol_is_usual(image, symbol)) {
                break;
            }
            value = value_of(symbol);
            bool own = hr_symbol_is_own(symbol);
            if (own != last_own || value - last.start >= last.size) {
                const target_t *own_end = known->targets + known->own_count;
                const target_t *end = own ? own_end : known->targets + known->count;
                const target_t *target = find_target(own ? known->targets : own_end, end, value);
                if (target == end) {
                    break;
                }
                last = *target;
                last_own = own;
            }
            info = rela->info;
        }
        uint32_t *word;
        if (!find_word(known, rela->offset, &word) || value + rela->addend - last.start >= last.size) {
            break;
        }
        if (apply) {
            *word = value + rela->addend + last.moved;
        }
    }
    return i;
}

/* `segment` is the one that the relocation before was about, and receives that of this one. */
static esp_err_t check_entry(const hr_image_t *image, uint32_t index, const hr_elf_rela_t *rela,
                             known_t *known, const hr_segment_t **segment, hr_report_t *report)
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
        const hr_segment_t *found = hr_image_segment(image, rela->offset, sizeof(uint32_t));
        if (found == NULL) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_OFFSET,
                             "relocation %" PRIu32 ": the 4 bytes at r_offset 0x%" PRIx32
                             " are not inside one segment", index, rela->offset);
        }
        *segment = found;
        set_words(known, found->link, found->file_size, image->data + found->offset);
    }
    const target_t *first = known->targets;
    const target_t *own_end = known->targets + known->own_count;
    const target_t *end = known->targets + known->count;
    uint32_t value = rela->addend;
    if (action == ACTION_RELATIVE) {
        if (HR_ELF_RELA_SYMBOL(rela) != 0) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_SYMBOL,
                             "relocation %" PRIu32 ": R_XTENSA_RELATIVE has symbol %" PRIu32
                             ", not 0", index, HR_ELF_RELA_SYMBOL(rela));
        }
        value += hr_image_value(image, *segment, rela->offset);
    } else {
        uint32_t number = HR_ELF_RELA_SYMBOL(rela);
        if (number == 0 || number >= image->symbols.count) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_SYMBOL,
                             "relocation %" PRIu32 ": symbol %" PRIu32 " is not one of 1 to %"
                             PRIu32, index, number, image->symbols.count - 1);
        }
        hr_elf_symbol_t copy;
        const hr_elf_symbol_t *symbol = hr_image_symbol(image, number, &copy);
        esp_err_t err = hr_symbol_check(image, number, symbol, report);
        if (err != ESP_OK) {
            return err;
        }
        value += value_of(symbol);
        first = hr_symbol_is_own(symbol) ? first : own_end;
        end = hr_symbol_is_own(symbol) ? own_end : end;
    }
    if (find_target(first, end, value) == end) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_VALUE,
                         "relocation %" PRIu32 " at 0x%" PRIx32 ": 0x%" PRIx32
                         " is no address of the module or of the chip", index, rela->offset, value);
    }
    return ESP_OK;
}

esp_err_t hr_reloc_check(const hr_image_t *image, uint32_t *total, hr_report_t *report)
{
    const hr_segment_t *segment = image->segments;
    known_t known = {.own_count = image->load_count};
    set_words(&known, segment->link, segment->file_size, image->data + segment->offset);
    for (uint32_t i = image->load_count; i > 0; i--) { /* most lead to data, which comes last */
        const hr_segment_t *own = &image->segments[i - 1];
        add_target(&known, hr_segment_reach_start(own), hr_segment_reach_size(own), 0);
    }
    for (size_t i = 0; i < HR_CHIP_PLACES; i++) {
        add_target(&known, hr_chip_places[i].start, hr_chip_places[i].size, 0);
    }
    *total = 0;
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count; i++) {
            i = skip_relative(image, table, i, &known, false);
            i = skip_symbols(image, table, i, &known, false);
            if (i < table.count) {
                hr_elf_rela_t copy;
                const hr_elf_rela_t *rela = hr_image_rela(image, table, i, &copy);
                esp_err_t err = check_entry(image, *total + i, rela, &known, &segment, report);
                if (err != ESP_OK) {
                    return err;
                }
            }
        }
        *total += table.count;
    }
    return ESP_OK;
}

bool hr_reloc_value(const hr_image_t *image, const hr_elf_rela_t *rela, uint32_t *value)
{
    action_t action = action_of(HR_ELF_RELA_TYPE(rela));
    if (action == ACTION_RELATIVE) {
        const hr_segment_t *segment = hr_image_segment(image, rela->offset, sizeof(uint32_t));
        *value = hr_image_value(image, segment, rela->offset) + rela->addend;
    } else if (action == ACTION_SYMBOL) {
        hr_elf_symbol_t copy;
        const hr_elf_symbol_t *symbol = hr_image_symbol(image, HR_ELF_RELA_SYMBOL(rela), &copy);
        *value = hr_symbol_is_own(symbol) ? symbol->value + rela->addend : HR_RELOC_FOREIGN;
    }
    return action != ACTION_NONE;
}

static uint32_t moved_by(const hr_placement_t *placement, uint32_t link)
{
    const hr_placed_t *segment = hr_place_near(placement, link);
    return segment != NULL ? segment->run - segment->link : 0;
}

/* `segment` is the one that the relocation before was about, and receives that of this one. */
static void apply_entry(const hr_image_t *image, const hr_placement_t *placement,
                        const hr_elf_rela_t *rela, known_t *known, const hr_placed_t **segment)
{
    action_t action = action_of(HR_ELF_RELA_TYPE(rela));
    if (action == ACTION_NONE) {
        return;
    }
    if (!hr_placed_has(*segment, rela->offset, sizeof(uint32_t))) {
        *segment = hr_place_segment(placement, rela->offset, sizeof(uint32_t));
        set_words(known, (*segment)->link, (*segment)->size, (*segment)->memory);
    }
    uint32_t at = rela->offset - (*segment)->link;
    uint32_t value = rela->addend;
    if (action == ACTION_RELATIVE) {
        value += hr_place_load(*segment, at);
        value += moved_by(placement, value);
    } else {
        hr_elf_symbol_t copy;
        const hr_elf_symbol_t *symbol = hr_image_symbol(image, HR_ELF_RELA_SYMBOL(rela), &copy);
        value += value_of(symbol);
        value += hr_symbol_is_own(symbol) ? moved_by(placement, symbol->value) : 0;
    }
    hr_place_store(*segment, at, value);
}

void hr_reloc_apply(const hr_image_t *image, const hr_placement_t *placement)
{
    const hr_placed_t *segment = placement->segments;
    known_t known = {.own_count = placement->count};
    set_words(&known, segment->link, segment->size, segment->memory);
    uint32_t low = UINT32_MAX;
    uint32_t high = 0;
    for (uint32_t i = placement->count; i > 0; i--) {
        const hr_placed_t *own = &placement->segments[i - 1];
        add_target(&known, own->link, own->size, own->run - own->link);
        low = own->link < low ? own->link : low;
        high = own->link + own->size > high ? own->link + own->size : high;
    }
    if (low >= HR_REACH && high <= UINT32_MAX - HR_REACH) { /* what is far from all is the firmware's */
        add_target(&known, high + HR_REACH, (low - HR_REACH) - (high + HR_REACH), 0);
    }
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count; i++) {
            i = skip_relative(image, table, i, &known, true);
            i = skip_symbols(image, table, i, &known, true);
            if (i < table.count) {
                hr_elf_rela_t copy;
                const hr_elf_rela_t *rela = hr_image_rela(image, table, i, &copy);
                apply_entry(image, placement, rela, &known, &segment);
            }
        }
    }
}

uint32_t hr_reloc_count(const hr_image_t *image, uint32_t type)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        for (uint32_t i = 0; i < image->relocations[t].count; i++) {
            hr_elf_rela_t copy;
            const hr_elf_rela_t *rela = hr_image_rela(image, image->relocations[t], i, &copy);
            count += HR_ELF_RELA_TYPE(rela) == type;
        }
    }
    return count;
}
