/* SPDX-License-Identifier: MIT */
#include "elf/hr_identity.h"

#include <inttypes.h>
#include <stdio.h>

#include "elf/hr_note.h"
#include "hotreload.h"

void hr_identity_to_text(const hr_identity_t *identity, char text[HR_IDENTITY_TEXT_SIZE])
{
    for (size_t i = 0; i < HR_IDENTITY_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", identity->bytes[i]);
    }
}

static esp_err_t compare(const hr_image_t *image, const hr_note_t *note,
                         const hr_identity_t *firmware, hr_report_t *report)
{
    hr_identity_t module;
    char text[HR_IDENTITY_TEXT_SIZE];
    if (note->size != sizeof(module)) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE,
                         "note with the firmware's identity: n_descsz is %" PRIu32 ", not %u",
                         note->size, (unsigned)sizeof(module));
    }
    hr_image_read(image, note->offset, &module, sizeof(module));
    if (memcmp(&module, firmware, sizeof(module)) == 0) {
        return ESP_OK;
    }
    hr_identity_to_text(firmware, text);
    hr_identity_to_text(&module, report->module_firmware);
    return hr_reject(report, HOTRELOAD_ERR_IDENTITY,
                     "the module belongs to firmware %s, this is %s: build both together",
                     report->module_firmware, text);
}

static esp_err_t check_notes(const hr_image_t *image, const hr_identity_t *firmware, bool *found,
                             hr_report_t *report)
{
    hr_notes_t notes = {.image = image};
    hr_note_t note;
    esp_err_t err = hr_note_next(&notes, &note, report);
    while (err == ESP_OK && note.type != HR_NOTE_NONE) {
        if (note.type == HR_NOTE_IDENTITY) {
            *found = true;
            err = compare(image, &note, firmware, report);
        }
        if (err == ESP_OK) {
            err = hr_note_next(&notes, &note, report);
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
    esp_err_t err = check_notes(image, &firmware, &found, report);
    if (err == ESP_OK && !found) {
        return hr_reject(report, HOTRELOAD_ERR_IDENTITY_MISSING,
                         "the module has no note of its firmware's identity: build it with the "
                         "component's tools");
    }
    return err;
}

esp_err_t hr_identity_peek(const hr_image_t *image, hr_report_t *report)
{
    const hr_identity_t firmware = hr_firmware_identity();
    bool found = false;
    esp_err_t err = check_notes(image, &firmware, &found, report);
    return err == HOTRELOAD_ERR_IDENTITY ? err : ESP_OK;
}
