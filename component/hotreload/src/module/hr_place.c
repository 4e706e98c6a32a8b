/* SPDX-License-Identifier: MIT */
#include "module/hr_place.h"

#include <inttypes.h>

/* Volatile, so that the compiler neither splits nor widens the accesses: the ESP32's instruction
   RAM traps on anything but aligned 32-bit loads and stores (ESP32 technical reference manual,
   "Internal SRAM 0"). */
static volatile uint32_t *word_at(const hr_placed_t *segment, uint32_t at)
{
    return (volatile uint32_t *)(void *)(segment->memory + at);
}

static bool is_aligned(const uint8_t *at)
{
    return (uintptr_t)at % sizeof(uint32_t) == 0;
}

/* A word of any alignment, of memory that takes all accesses. */
static uint32_t word_from(const uint8_t *from)
{
    uint32_t word;
    if (is_aligned(from)) {
        memcpy(&word, __builtin_assume_aligned(from, sizeof(word)), sizeof(word));
    } else {
        memcpy(&word, from, sizeof(word));
    }
    return word;
}

static void fill_text(const hr_placed_t *segment, const uint8_t *from, uint32_t file_size)
{
    uint32_t whole = file_size & ~3u;
    for (uint32_t at = 0; at < whole; at += 4) {
        *word_at(segment, at) = word_from(from + at);
    }
    uint32_t at = whole;
    if (at < file_size) {
        uint32_t word = 0;
        memcpy(&word, from + at, file_size - at);
        *word_at(segment, at) = word;
        at += 4;
    }
    for (; at < segment->size; at += 4) {
        *word_at(segment, at) = 0;
    }
}

static void fill_data(const hr_placed_t *segment, const uint8_t *from, uint32_t file_size)
{
    memcpy(segment->memory, from, file_size);
    memset(segment->memory + file_size, 0, segment->size - file_size);
}

static esp_err_t place_segment(hr_placed_t *placed, const hr_image_t *image,
                               const hr_segment_t *segment, const hr_memory_t *memory,
                               hr_report_t *report)
{
    /* the heap aligns to 4: room to move up to the segment's own alignment, and to fill words */
    uint64_t size = (uint64_t)segment->memory_size + segment->link % 4 + (segment->align - 4);
    size = (size + 3) & ~UINT64_C(3);
    void *block = NULL;
    if (size <= UINT32_MAX) {
        block = memory->allocate(memory->context, segment->kind, (uint32_t)size);
    }
    if (block == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM,
                         "no memory for the %s segment at 0x%" PRIx32 ": %" PRIu32 " bytes",
                         memory->names[segment->kind], segment->link,
                         segment->memory_size);
    }
    uint32_t address = memory->address(memory->context, block);
    uint32_t skip = (segment->link - address) & (segment->align - 1);
    *placed = (hr_placed_t) {
        .kind = segment->kind,
        .link = segment->link,
        .size = segment->memory_size,
        .run = address + skip,
        .memory = (uint8_t *)block + skip,
        .block = block,
    };
    const uint8_t *from = image->data + segment->offset;
    if (segment->kind == HR_SEGMENT_TEXT) {
        fill_text(placed, from, segment->file_size);
    } else {
        fill_data(placed, from, segment->file_size);
    }
    return ESP_OK;
}

esp_err_t hr_place(hr_placement_t *placement, const hr_image_t *image, const hr_memory_t *memory,
                   hr_report_t *report)
{
    *placement = (hr_placement_t) {.memory = memory};
    for (uint32_t i = 0; i < image->load_count; i++) {
        esp_err_t err = place_segment(&placement->segments[i], image, &image->segments[i], memory,
                                      report);
        if (err != ESP_OK) {
            hr_place_release(placement);
            return err;
        }
        placement->count++;
    }
    return ESP_OK;
}

/* By words: text takes nothing else, and of data the last ones matter little. */
void hr_place_fill(const hr_placement_t *placement, uint32_t pattern)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        uint32_t at = -(uint32_t)(uintptr_t)segment->memory & 3; /* data may begin anywhere */
        for (; at + 4 <= segment->size; at += 4) {
            *word_at(segment, at) = pattern;
        }
    }
}

bool hr_place_is_inside(const hr_placement_t *placement, hr_segment_kind_t kind, uint32_t address)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        if (segment->kind == kind && address - segment->run < segment->size) {
            return true;
        }
    }
    return false;
}

void hr_place_release(hr_placement_t *placement)
{
    while (placement->count > 0) {
        placement->count--;
        placement->memory->release(placement->memory->context,
                                   placement->segments[placement->count].block);
    }
}

const hr_placed_t *hr_place_first(const hr_placement_t *placement, hr_segment_kind_t kind)
{
    static const hr_placed_t none;
    for (uint32_t i = 0; i < placement->count; i++) {
        if (placement->segments[i].kind == kind) {
            return &placement->segments[i];
        }
    }
    return &none;
}

const hr_placed_t *hr_place_segment(const hr_placement_t *placement, uint32_t link, uint32_t size)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        if (hr_placed_has(&placement->segments[i], link, size)) {
            return &placement->segments[i];
        }
    }
    return NULL;
}

/* Of an address that is in no segment: along with the nearest one, if that is close. */
static uint32_t run_address_beside(const hr_placement_t *placement, uint32_t link)
{
    const hr_placed_t *nearest = NULL;
    uint32_t distance = HR_REACH;
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        uint32_t before = segment->link - link;
        uint32_t behind = link - segment->link - segment->size;
        uint32_t away = before < behind ? before : behind;
        if (away < distance) {
            nearest = segment;
            distance = away;
        }
    }
    return nearest != NULL ? nearest->run + (link - nearest->link) : link;
}

uint32_t hr_place_run_address(const hr_placement_t *placement, uint32_t link)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        if (link - segment->link < segment->size) {
            return segment->run + (link - segment->link);
        }
    }
    return run_address_beside(placement, link);
}

/* In text a value that is not aligned lies in two words. */
static uint32_t load_text(const hr_placed_t *segment, uint32_t at)
{
    uint32_t shift = at % 4 * 8;
    uint32_t low = *word_at(segment, at & ~3u);
    if (shift == 0) {
        return low;
    }
    uint32_t high = *word_at(segment, (at & ~3u) + 4);
    return low >> shift | high << (32 - shift);
}

static void store_text(const hr_placed_t *segment, uint32_t at, uint32_t value)
{
    uint32_t shift = at % 4 * 8;
    volatile uint32_t *low = word_at(segment, at & ~3u);
    if (shift == 0) {
        *low = value;
        return;
    }
    volatile uint32_t *high = word_at(segment, (at & ~3u) + 4);
    uint32_t kept = UINT32_MAX << shift;
    *low = (*low & ~kept) | value << shift;
    *high = (*high & kept) | value >> (32 - shift);
}

uint32_t hr_place_load(const hr_placed_t *segment, uint32_t at)
{
    if (segment->kind == HR_SEGMENT_TEXT) {
        return load_text(segment, at);
    }
    return word_from(segment->memory + at);
}

void hr_place_store(const hr_placed_t *segment, uint32_t at, uint32_t value)
{
    uint8_t *to = segment->memory + at;
    if (segment->kind == HR_SEGMENT_TEXT) {
        store_text(segment, at, value);
    } else if (is_aligned(to)) {
        memcpy(__builtin_assume_aligned(to, sizeof(value)), &value, sizeof(value));
    } else {
        memcpy(to, &value, sizeof(value));
    }
}
