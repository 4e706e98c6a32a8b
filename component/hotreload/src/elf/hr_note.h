/* SPDX-License-Identifier: MIT */
/* The notes that the build writes into a module: ELF notes of the owner "hotreload" (System V ABI,
   "Note Section"). */
#pragma once

#include "elf/hr_image.h"

/* types, see ld/hotreload_module.ld */
#define HR_NOTE_NONE 0
#define HR_NOTE_IDENTITY 1
#define HR_NOTE_MAC 2

typedef struct {
    uint32_t type;
    uint32_t offset; /* of its content, in the image */
    uint32_t size;   /* of its content */
} hr_note_t;

/* Where a search is: `image` set, all else zero at its begin. */
typedef struct {
    const hr_image_t *image;
    uint32_t segment; /* the next one */
    uint32_t at;      /* in the image; `end` when its segment is over */
    uint32_t end;
} hr_notes_t;

/* The next of the owner's notes, with HR_NOTE_NONE when there are no more: HOTRELOAD_ERR_NOTE. A
   segment that is not wholly in the image is passed over. */
esp_err_t hr_note_next(hr_notes_t *notes, hr_note_t *note, hr_report_t *report);
