/* SPDX-License-Identifier: MIT */
/* A module's ELF as it lies in flash or RAM: checked once, then read in place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "esp_err.h"
#include "elf/hr_elf.h"
#include "port/hr_report.h"

/* a module has three: text, data and tables; GNU ld's own scripts make at most four */
#define HR_SEGMENTS_MAX 8
/* GNU ld's page size for Xtensa; nothing in a module needs more */
#define HR_ALIGN_MAX 4096u
/* DT_RELA and DT_JMPREL */
#define HR_RELOCATION_TABLES 2
/* of DT_INIT_ARRAY, and of DT_FINI_ARRAY: a source of C++ needs one */
#define HR_FUNCTIONS_MAX 256
/* A pointer may be kept before or behind its object and brought back by an index, as in one-based
   arrays: an address this close to a segment belongs to it. Modules are linked far from any
   address of the firmware, so that none of those is so close. */
#define HR_REACH (64u * 1024)

typedef enum {
    HR_SEGMENT_TEXT, /* executable RAM, aligned 32-bit accesses only */
    HR_SEGMENT_DATA,
} hr_segment_kind_t;

typedef struct {
    hr_segment_kind_t kind;
    uint32_t link; /* link address */
    uint32_t offset;
    uint32_t file_size;
    uint32_t memory_size;
    uint32_t align; /* power of two, at least 4 */
} hr_segment_t;

/* entries of one size, wholly inside the image */
typedef struct {
    uint32_t offset;
    uint32_t count;
} hr_table_t;

/* addresses of functions, wholly inside the file's part of one segment to load */
typedef struct {
    uint32_t link; /* link address of the first */
    uint32_t count;
} hr_functions_t;

typedef struct {
    const uint8_t *data;
    uint32_t size;
    uint32_t extent; /* bytes up to the end of what the headers refer to */
    hr_elf_header_t header;

    /* those to load first, in file order; then those that are only read */
    hr_segment_t segments[HR_SEGMENTS_MAX];
    uint32_t load_count;
    uint32_t segment_count;

    hr_table_t symbols;
    hr_table_t strings; /* bytes; the last one is 0 */
    hr_table_t buckets; /* of DT_HASH */
    hr_table_t chains;
    hr_table_t relocations[HR_RELOCATION_TABLES]; /* they share no byte */
    hr_functions_t constructors; /* run from the first to the last */
    hr_functions_t destructors;  /* run from the last to the first */
} hr_image_t;

/* What the first bytes tell: refuses what is no module for this machine. `header` receives the ELF
   header; the rest of the image need not be there yet. */
esp_err_t hr_image_check_header(const void *data, size_t size, hr_elf_header_t *header,
                                hr_report_t *report);

/* As much of an image as its first `size` bytes tell: the header, and the segments to load as far as
   their program headers are there. Their content, and what is wrong with them, is for
   hr_image_open() to find out when all is there. */
esp_err_t hr_image_peek(hr_image_t *image, const void *data, size_t size, hr_report_t *report);

/* Checks everything but relocations and symbols, and remembers where things are. The image keeps
   pointing into `data`, which may be of any alignment. */
esp_err_t hr_image_open(hr_image_t *image, const void *data, size_t size, hr_report_t *report);

/* Whether a segment has all of [link, link + size). */
static inline bool hr_segment_has(const hr_segment_t *segment, uint32_t link, uint32_t size)
{
    uint32_t at = link - segment->link; /* huge in front of the segment */
    return at < segment->memory_size && size <= segment->memory_size - at;
}

/* The segment to load that has all of [link, link + size), or NULL. */
static inline const hr_segment_t *hr_image_segment(const hr_image_t *image, uint32_t link,
                                                   uint32_t size)
{
    for (uint32_t i = 0; i < image->load_count; i++) {
        if (hr_segment_has(&image->segments[i], link, size)) {
            return &image->segments[i];
        }
    }
    return NULL;
}

/* Where the addresses begin that go along with a segment, and how many there are. */
static inline uint32_t hr_segment_reach_start(const hr_segment_t *segment)
{
    return segment->link - (HR_REACH - 1);
}

static inline uint32_t hr_segment_reach_size(const hr_segment_t *segment)
{
    return segment->memory_size + (2 * HR_REACH - 1);
}

/* Whether a link address goes along with a segment to load. */
static inline bool hr_image_reaches(const hr_image_t *image, uint32_t link)
{
    for (uint32_t i = 0; i < image->load_count; i++) {
        const hr_segment_t *segment = &image->segments[i];
        if (link - hr_segment_reach_start(segment) < hr_segment_reach_size(segment)) {
            return true;
        }
    }
    return false;
}

/* The tables may have any alignment, so entries are copied out: by words where they can be. */
static inline void hr_image_read(const hr_image_t *image, uint32_t offset, void *to, size_t size)
{
    const uint8_t *from = image->data + offset;
    if ((uintptr_t)from % sizeof(uint32_t) == 0) {
        memcpy(to, __builtin_assume_aligned(from, sizeof(uint32_t)), size);
    } else {
        memcpy(to, from, size);
    }
}

/* The 32-bit value that `segment` has at a link address at which it has room for one: behind what the
   file has is zeroed memory. */
static inline uint32_t hr_image_value(const hr_image_t *image, const hr_segment_t *segment,
                                      uint32_t link)
{
    uint32_t at = link - segment->link;
    uint32_t left = at < segment->file_size ? segment->file_size - at : 0;
    uint32_t value = 0;
    if (left > 0) {
        memcpy(&value, image->data + segment->offset + at,
               left < sizeof(value) ? left : sizeof(value));
    }
    return value;
}

static inline hr_elf_segment_t hr_image_program_header(const hr_image_t *image, uint32_t index)
{
    hr_elf_segment_t header;
    hr_image_read(image, image->header.phoff + index * sizeof(header), &header, sizeof(header));
    return header;
}

static inline uint32_t hr_image_word(const hr_image_t *image, hr_table_t table, uint32_t index)
{
    uint32_t word;
    hr_image_read(image, table.offset + index * sizeof(word), &word, sizeof(word));
    return word;
}

/* What is less than this may be the number of a section: a stripped module does not tell. */
static inline uint32_t hr_image_sections(const hr_image_t *image)
{
    return image->header.shnum != 0 ? image->header.shnum : HR_ELF_SHN_LORESERVE;
}

/* One of a table of such entries: where it lies, if words can be read there, or else its copy. */
static inline const void *hr_image_entry(const hr_image_t *image, uint32_t offset, void *copy,
                                         size_t size)
{
    const uint8_t *from = image->data + offset;
    return (uintptr_t)from % sizeof(uint32_t) == 0 ? from : memcpy(copy, from, size);
}

static inline const hr_elf_symbol_t *hr_image_symbol(const hr_image_t *image, uint32_t index,
                                                     hr_elf_symbol_t *copy)
{
    uint32_t offset = image->symbols.offset + index * (uint32_t)sizeof(*copy);
    return hr_image_entry(image, offset, copy, sizeof(*copy));
}

static inline const hr_elf_rela_t *hr_image_rela(const hr_image_t *image, hr_table_t table,
                                                 uint32_t index, hr_elf_rela_t *copy)
{
    uint32_t offset = table.offset + index * (uint32_t)sizeof(*copy);
    return hr_image_entry(image, offset, copy, sizeof(*copy));
}
