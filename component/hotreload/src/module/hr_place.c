/* SPDX-License-Identifier: MIT */
#include "module/hr_place.h"

#include <inttypes.h>

/* bytes that are copied in one go */
#define BLOCK 32u

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

/* Copies whole blocks of aligned words; returns how many bytes these are of the `size`. */
static uint32_t copy_blocks(uint8_t *to, const uint8_t *from, uint32_t size)
{
    uint32_t *copy = (void *)to;
    const uint32_t *words = (const void *)from;
    const uint32_t *end = words + size / BLOCK * (BLOCK / sizeof(uint32_t));
    while (words < end) {
#pragma GCC unroll 8
        for (size_t i = 0; i < BLOCK / sizeof(uint32_t); i++) {
            copy[i] = words[i];
        }
        __asm__ volatile("" ::: "memory"); /* or the compiler makes memcpy() of it, which knows bytes */
        copy += BLOCK / sizeof(uint32_t);
        words += BLOCK / sizeof(uint32_t);
    }
    return size / BLOCK * BLOCK;
}

/* From `at` on, a multiple of 4; what is in front of it is there. */
static void fill_text(const hr_placed_t *segment, const uint8_t *from, uint32_t file_size,
                      uint32_t at)
{
    for (; at < file_size; at += 4) {
        uint32_t word = 0;
        uint32_t left = file_size - at;
        memcpy(&word, from + at, left < sizeof(word) ? left : sizeof(word));
        *word_at(segment, at) = word;
    }
    for (; at < segment->size; at += 4) {
        *word_at(segment, at) = 0;
    }
}

static void fill(const hr_placed_t *segment, const uint8_t *from, uint32_t file_size)
{
    uint32_t at = is_aligned(segment->memory) && is_aligned(from)
                      ? copy_blocks(segment->memory, from, file_size) : 0;
    if (segment->kind == HR_SEGMENT_TEXT) {
        fill_text(segment, from, file_size, at);
    } else {
        memcpy(segment->memory + at, from + at, file_size - at);
        memset(segment->memory + file_size, 0, segment->size - file_size);
    }
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
    fill(placed, image->data + segment->offset, segment->file_size);
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

const hr_placed_t *hr_place_near(const hr_placement_t *placement, uint32_t link)
{
    const hr_placed_t *nearest = NULL;
    uint32_t distance = HR_REACH;
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        uint32_t at = link - segment->link;
        if (at < segment->size) {
            return segment;
        }
        uint32_t away = -at < at - segment->size ? -at : at - segment->size;
        if (away < distance) {
            nearest = segment;
            distance = away;
        }
    }
    return nearest;
}

void hr_place_resolve(const hr_placement_t *placement, uint32_t *addresses, size_t count)
{
    const hr_placed_t *segment = placement->segments;
    for (size_t i = 0; i < count; i++) {
        if (!hr_placed_has(segment, addresses[i], 1)) { /* all of them are functions, of one text */
            segment = hr_place_segment(placement, addresses[i], 1);
        }
        addresses[i] += segment->run - segment->link;
    }
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
    uint32_t value;
    memcpy(&value, segment->memory + at, sizeof(value));
    return value;
}

void hr_place_store(const hr_placed_t *segment, uint32_t at, uint32_t value)
{
    if (segment->kind == HR_SEGMENT_TEXT) {
        store_text(segment, at, value);
    } else {
        memcpy(segment->memory + at, &value, sizeof(value));
    }
}
