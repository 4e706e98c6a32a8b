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

/* Addresses that what a relocation writes may lead to. */
typedef struct {
    uint32_t start;
    uint32_t size;
    uint32_t moved; /* by so many bytes when the module is placed */
} target_t;

/* What those that follow each other mostly have in common. */
typedef struct {
    /* with the same r_info */
    uint32_t info;
    bool in_place;   /* the addend is added to the value in place, */
    uint32_t symbol; /* or else to this one */
    const target_t *first; /* where the sum may lead to */
    const target_t *end;
    /* the segment that the last one was about */
    uint32_t link; /* words that begin here */
    uint32_t size; /* or less than this behind it */
    uintptr_t words;
    /* those of the module, and then those of what does not move */
    uint32_t own_count;
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

static void set_symbol(known_t *known, uint32_t info, uint32_t symbol, const target_t *first,
                       const target_t *end)
{
    known->info = info;
    known->in_place = false;
    known->symbol = symbol;
    known->first = first;
    known->end = end;
}

static void set_relative(known_t *known)
{
    known->info = HR_R_XTENSA_RELATIVE;
    known->in_place = true;
    known->first = known->targets;
    known->end = known->targets + known->count;
}

/* From relocation `i` of a table on, the number of the first that has another r_info, is not about an
   aligned word of the segment, or leads to no target. Those in front of it are applied, or else need no
   further check. A function of its own, for what it uses stays in registers then. */
static __attribute__((noinline)) uint32_t go_on(const hr_image_t *image, hr_table_t table, uint32_t i,
                                                const known_t *known, bool apply)
{
    const hr_elf_rela_t *rela = (const void *)(image->data + table.offset);
    const hr_elf_rela_t *end = rela + table.count;
    uint32_t info = known->info;
    uint32_t link = known->link;
    uint32_t size = known->size;
    uintptr_t words = known->words;
    uint32_t symbol = known->symbol;
    bool in_place = known->in_place;
    target_t last = *known->first; /* most lead to where the one before did */
    if ((uintptr_t)rela % sizeof(uint32_t) != 0) {
        return i;
    }
    for (rela += i; rela < end && rela->info == info; rela++) {
        uint32_t at = rela->offset - link;
        uint32_t *word = (uint32_t *)(words + at);
        if (at >= size || (uintptr_t)word % sizeof(uint32_t) != 0) {
            break;
        }
        uint32_t value = rela->addend + (in_place ? *word : symbol);
        if (value - last.start >= last.size) {
            const target_t *target = find_target(known->first, known->end, value);
            if (target == known->end) {
                break;
            }
            last = *target;
        }
        if (apply) {
            *word = value + last.moved; /* one store, in text as well */
        }
    }
    return table.count - (uint32_t)(end - rela);
}

static bool moves(const hr_elf_symbol_t *symbol)
{
    return symbol->shndx != HR_ELF_SHN_UNDEF && symbol->shndx != HR_ELF_SHN_ABS;
}

/* S as it is linked. */
static uint32_t value_of(const hr_elf_symbol_t *symbol)
{
    return symbol->shndx != HR_ELF_SHN_UNDEF ? symbol->value : 0; /* weak and nowhere defined: 0 */
}

/* `segment` is the one that the relocation before was about, and receives that of this one; `known`
   receives what it has in common with the next one. */
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
    uint32_t value;
    if (action == ACTION_RELATIVE) {
        if (HR_ELF_RELA_SYMBOL(rela) != 0) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_SYMBOL,
                             "relocation %" PRIu32 ": R_XTENSA_RELATIVE has symbol %" PRIu32
                             ", not 0", index, HR_ELF_RELA_SYMBOL(rela));
        }
        set_relative(known);
        value = hr_image_value(image, *segment, rela->offset);
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
        const target_t *own_end = known->targets + known->own_count;
        value = value_of(symbol);
        set_symbol(known, rela->info, value, moves(symbol) ? known->targets : own_end,
                   moves(symbol) ? own_end : known->targets + known->count);
    }
    value += rela->addend;
    if (find_target(known->first, known->end, value) == known->end) {
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
    set_relative(&known); /* most are */
    *total = 0;
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count;) {
            hr_elf_rela_t copy;
            const hr_elf_rela_t *rela = hr_image_rela(image, table, i, &copy);
            uint32_t next = rela->info == known.info
                                ? go_on(image, table, i, &known, false) : i;
            if (next == i) {
                esp_err_t err = check_entry(image, *total + i, rela, &known, &segment, report);
                if (err != ESP_OK) {
                    return err;
                }
                next = i + 1;
            }
            i = next;
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
        *value = moves(symbol) ? symbol->value + rela->addend : HR_RELOC_FOREIGN;
    }
    return action != ACTION_NONE;
}

static uint32_t moved_by(const hr_placement_t *placement, uint32_t link)
{
    const hr_placed_t *segment = hr_place_near(placement, link);
    return segment != NULL ? segment->run - segment->link : 0;
}

/* S as it is placed. */
static uint32_t run_value_of(const hr_image_t *image, const hr_placement_t *placement, uint32_t index)
{
    hr_elf_symbol_t copy;
    const hr_elf_symbol_t *symbol = hr_image_symbol(image, index, &copy);
    return value_of(symbol) + (moves(symbol) ? moved_by(placement, symbol->value) : 0);
}

/* `segment` is the one that the relocation before was about, and receives that of this one. */
static void apply_entry(const hr_image_t *image, const hr_placement_t *placement,
                        const hr_elf_rela_t *rela, known_t *known, const hr_placed_t **segment)
{
    static const target_t anywhere = {0, UINT32_MAX, 0};
    action_t action = action_of(HR_ELF_RELA_TYPE(rela));
    if (action == ACTION_NONE) {
        return;
    }
    if (!hr_placed_has(*segment, rela->offset, sizeof(uint32_t))) {
        *segment = hr_place_segment(placement, rela->offset, sizeof(uint32_t));
        set_words(known, (*segment)->link, (*segment)->size, (*segment)->memory);
    }
    uint32_t at = rela->offset - (*segment)->link;
    uint32_t value;
    if (action == ACTION_RELATIVE) {
        set_relative(known);
        value = hr_place_load(*segment, at) + rela->addend;
        value += moved_by(placement, value);
    } else {
        uint32_t symbol = run_value_of(image, placement, HR_ELF_RELA_SYMBOL(rela));
        set_symbol(known, rela->info, symbol, &anywhere, &anywhere + 1);
        value = symbol + rela->addend;
    }
    hr_place_store(*segment, at, value);
}

void hr_reloc_apply(const hr_image_t *image, const hr_placement_t *placement,
                    hr_reloc_counts_t *counts)
{
    const hr_placed_t *segment = placement->segments;
    known_t known = {0};
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
    set_relative(&known);
    *counts = (hr_reloc_counts_t) {0};
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        hr_table_t table = image->relocations[t];
        for (uint32_t i = 0; i < table.count;) {
            hr_elf_rela_t copy;
            const hr_elf_rela_t *rela = hr_image_rela(image, table, i, &copy);
            uint32_t next = rela->info == known.info
                                ? go_on(image, table, i, &known, true) : i;
            if (next == i) {
                apply_entry(image, placement, rela, &known, &segment);
                next = i + 1;
            }
            counts->of_type[HR_ELF_RELA_TYPE(rela)] += next - i;
            i = next;
        }
    }
}
