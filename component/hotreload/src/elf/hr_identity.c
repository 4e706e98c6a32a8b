/* SPDX-License-Identifier: MIT */
#include "elf/hr_identity.h"

#include <inttypes.h>
#include <stdio.h>

#include "hotreload.h"

/* owner and type of the note, see ld/hotreload_module.ld */
static const char owner[] = "hotreload";
#define NOTE_IDENTITY 1

/* One note (System V ABI, "Note Section"): its name and its content follow the header, each padded to
   whole words. */
typedef struct {
    uint32_t name_offset; /* in the image */
    uint32_t name_size;
    uint32_t content_offset;
    uint32_t content_size;
    uint32_t type;
} note_t;

typedef struct {
    uint32_t at;
    uint32_t end;
} notes_t;

void hr_identity_to_text(const hr_identity_t *identity, char text[HR_IDENTITY_TEXT_SIZE])
{
    for (size_t i = 0; i < HR_IDENTITY_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", identity->bytes[i]);
    }
}

static uint64_t padded(uint32_t size)
{
    return ((uint64_t)size + 3) & ~UINT64_C(3);
}

static esp_err_t next_note(const hr_image_t *image, notes_t *notes, note_t *note,
                           hr_report_t *report)
{
    hr_elf_note_t header;
    uint32_t rest = notes->end - notes->at;
    if (rest < sizeof(header)) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "%" PRIu32 " bytes at 0x%" PRIx32 " are no note: its header has %u", rest,
                         notes->at, (unsigned)sizeof(header));
    }
    hr_image_read(image, notes->at, &header, sizeof(header));
    uint64_t size = sizeof(header) + padded(header.namesz) + padded(header.descsz);
    if (size > rest) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "note at 0x%" PRIx32 ": n_namesz %" PRIu32 " with n_descsz %" PRIu32
                         " ends behind the notes' last %" PRIu32 " bytes",
                         notes->at, header.namesz, header.descsz, rest);
    }
    note->name_offset = notes->at + sizeof(header);
    note->name_size = header.namesz;
    note->content_offset = note->name_offset + (uint32_t)padded(header.namesz);
    note->content_size = header.descsz;
    note->type = header.type;
    notes->at += (uint32_t)size;
    return ESP_OK;
}

static bool is_identity(const hr_image_t *image, const note_t *note)
{
    char name[sizeof(owner)];
    if (note->type != NOTE_IDENTITY || note->name_size != sizeof(owner)) {
        return false;
    }
    hr_image_read(image, note->name_offset, name, sizeof(name));
    return memcmp(name, owner, sizeof(owner)) == 0;
}

static esp_err_t compare(const hr_image_t *image, const note_t *note,
                         const hr_identity_t *firmware, hr_report_t *report)
{
    hr_identity_t module;
    char text[HR_IDENTITY_TEXT_SIZE];
    if (note->content_size != sizeof(module)) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "note with the firmware's identity: n_descsz is %" PRIu32 ", not %u",
                         note->content_size, (unsigned)sizeof(module));
    }
    hr_image_read(image, note->content_offset, &module, sizeof(module));
    if (memcmp(&module, firmware, sizeof(module)) == 0) {
        return ESP_OK;
    }
    hr_identity_to_text(firmware, text);
    hr_identity_to_text(&module, report->module_firmware);
    return hr_reject(report, HOTRELOAD_ERR_IDENTITY,
                     "the module belongs to firmware %s, this is %s: build both together",
                     report->module_firmware, text);
}

static esp_err_t check_notes(const hr_image_t *image, notes_t notes,
                             const hr_identity_t *firmware, bool *found, hr_report_t *report)
{
    esp_err_t err = ESP_OK;
    while (err == ESP_OK && notes.at < notes.end) {
        note_t note = {0};
        err = next_note(image, &notes, &note, report);
        if (err == ESP_OK && is_identity(image, &note)) {
            *found = true;
            err = compare(image, &note, firmware, report);
        }
    }
    return err;
}

esp_err_t hr_identity_check(const hr_image_t *image, hr_report_t *report)
{
    static const hr_identity_t none;
    const hr_identity_t firmware = hr_firmware_identity();
    bool found = false;
    if (memcmp(&firmware, &none, sizeof(none)) == 0) {
        return hr_reject(report, HOTRELOAD_ERR_IDENTITY_MISSING,
                         "the firmware has no identity: hotreload_setup() in its build writes it");
    }
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type == HR_ELF_PT_NOTE) {
            const notes_t notes = {header.offset, header.offset + header.filesz};
            esp_err_t err = check_notes(image, notes, &firmware, &found, report);
            if (err != ESP_OK) {
                return err;
            }
        }
    }
    if (!found) {
        return hr_reject(report, HOTRELOAD_ERR_IDENTITY_MISSING,
                         "the module has no note of its firmware's identity: build it with the "
                         "component's tools");
    }
    return ESP_OK;
}

esp_err_t hr_identity_peek(const hr_image_t *image, hr_report_t *report)
{
    const hr_identity_t firmware = hr_firmware_identity();
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        uint64_t end = (uint64_t)header.offset + header.filesz;
        if (header.type == HR_ELF_PT_NOTE && end <= image->size) {
            const notes_t notes = {header.offset, (uint32_t)end};
            bool found = false;
            if (check_notes(image, notes, &firmware, &found, report) == HOTRELOAD_ERR_IDENTITY) {
                return HOTRELOAD_ERR_IDENTITY;
            }
        }
    }
    return ESP_OK;
}
