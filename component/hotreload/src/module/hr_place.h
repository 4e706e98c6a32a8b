/* SPDX-License-Identifier: MIT */
/* Puts a module's segments into memory and knows where each link address went. */
#pragma once

#include <stdbool.h>

#include "elf/hr_image.h"

/* Where segments come from. A block is aligned to 4. Its run address is what the target sees:
   on the device that is the pointer, on a host it is what the memory pretends. */
typedef struct {
    void *(*allocate)(void *context, hr_segment_kind_t kind, uint32_t size);
    void (*release)(void *context, void *block);
    uint32_t (*address)(void *context, const void *block);
    /* everything is written: from here on any core may execute and read it */
    void (*complete)(void *context);
    const char *names[2]; /* by kind, for messages */
    void *context;
} hr_memory_t;

typedef struct {
    hr_segment_kind_t kind;
    uint32_t link;
    uint32_t size;
    uint32_t run;
    uint8_t *memory; /* of the first byte; text is accessed by aligned words only */
    void *block;
} hr_placed_t;

/* In the order of the image's segments to load. */
typedef struct {
    const hr_memory_t *memory;
    hr_placed_t segments[HR_SEGMENTS_MAX];
    uint32_t count;
} hr_placement_t;

/* Allocates and fills all segments to load, or nothing. */
esp_err_t hr_place(hr_placement_t *placement, const hr_image_t *image, const hr_memory_t *memory,
                   hr_report_t *report);

/* Writes a pattern over all of it. */
void hr_place_fill(const hr_placement_t *placement, uint32_t pattern);

/* Whether the run address lies in a segment of that kind. */
bool hr_place_is_inside(const hr_placement_t *placement, hr_segment_kind_t kind, uint32_t address);

/* Gives the memory back. */
void hr_place_release(hr_placement_t *placement);

/* The first segment of a kind; one of size 0 at address 0 when there is none. */
const hr_placed_t *hr_place_first(const hr_placement_t *placement, hr_segment_kind_t kind);

/* Whether a segment has all of [link, link + size). */
static inline bool hr_placed_has(const hr_placed_t *segment, uint32_t link, uint32_t size)
{
    uint32_t at = link - segment->link; /* huge in front of the segment */
    return at < segment->size && size <= segment->size - at;
}

/* The segment that has all of [link, link + size), or NULL. */
const hr_placed_t *hr_place_segment(const hr_placement_t *placement, uint32_t link, uint32_t size);

/* The segment along with which a link address goes: the one that has it, or else the nearest one that
   is close; NULL: the address is the firmware's and stays as it is. */
const hr_placed_t *hr_place_near(const hr_placement_t *placement, uint32_t link);

/* Turns link addresses into run addresses. */
void hr_place_resolve(const hr_placement_t *placement, uint32_t *addresses, size_t count);

/* A 32-bit value at any alignment, `at` bytes into a segment. */
uint32_t hr_place_load(const hr_placed_t *segment, uint32_t at);
void hr_place_store(const hr_placed_t *segment, uint32_t at, uint32_t value);
