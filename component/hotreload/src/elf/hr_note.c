/* SPDX-License-Identifier: MIT */
#include "elf/hr_note.h"

#include <inttypes.h>

#include "hotreload.h"

static const char owner[] = "hotreload";

static uint64_t padded(uint32_t size)
{
    return ((uint64_t)size + 3) & ~UINT64_C(3);
}

/* Its name and its content follow the header, each padded to whole words. */
static esp_err_t read_note(hr_notes_t *notes, hr_note_t *note, bool *owned, hr_report_t *report)
{
    hr_elf_note_t header;
    char name[sizeof(owner)];
    uint32_t rest = notes->end - notes->at;
    if (rest < sizeof(header)) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "%" PRIu32 " bytes at 0x%" PRIx32 " are no note: its header has %u", rest,
                         notes->at, (unsigned)sizeof(header));
    }
    hr_image_read(notes->image, notes->at, &header, sizeof(header));
    uint64_t size = sizeof(header) + padded(header.namesz) + padded(header.descsz);
    if (size > rest) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "note at 0x%" PRIx32 ": n_namesz %" PRIu32 " with n_descsz %" PRIu32
                         " ends behind the notes' last %" PRIu32 " bytes",
                         notes->at, header.namesz, header.descsz, rest);
    }
    uint32_t name_offset = notes->at + sizeof(header);
    *owned = header.namesz == sizeof(owner);
    if (*owned) {
        hr_image_read(notes->image, name_offset, name, sizeof(name));
        *owned = memcmp(name, owner, sizeof(owner)) == 0;
    }
    *note = (hr_note_t) {
        .type = header.type,
        .offset = name_offset + (uint32_t)padded(header.namesz),
        .size = header.descsz,
    };
    notes->at += (uint32_t)size;
    return ESP_OK;
}

/* Whether there is one. */
static bool enter_segment(hr_notes_t *notes)
{
    while (notes->segment < notes->image->header.phnum) {
        hr_elf_segment_t header = hr_image_program_header(notes->image, notes->segment++);
        uint64_t end = (uint64_t)header.offset + header.filesz;
        if (header.type == HR_ELF_PT_NOTE && end <= notes->image->size) {
            notes->at = header.offset;
            notes->end = (uint32_t)end;
            return true;
        }
    }
    return false;
}

esp_err_t hr_note_next(hr_notes_t *notes, hr_note_t *note, hr_report_t *report)
{
    for (;;) {
        while (notes->at < notes->end) {
            bool owned = false;
            esp_err_t err = read_note(notes, note, &owned, report);
            if (err != ESP_OK || (owned && note->type != HR_NOTE_NONE)) {
                return err;
            }
        }
        if (!enter_segment(notes)) {
            note->type = HR_NOTE_NONE;
            return ESP_OK;
        }
    }
}
