/* SPDX-License-Identifier: MIT */
#include "elf/hr_image_mac.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "elf/hr_note.h"
#include "hotreload.h"
#include "port/hr_sha256.h"

typedef struct {
    uint32_t build;
    uint8_t mac[HR_SHA256_SIZE];
} content_t;

static esp_err_t find(const hr_image_t *image, hr_note_t *note, hr_report_t *report)
{
    hr_notes_t notes = {.image = image};
    esp_err_t err;
    do {
        err = hr_note_next(&notes, note, report);
    } while (err == ESP_OK && note->type != HR_NOTE_MAC && note->type != HR_NOTE_NONE);
    if (err != ESP_OK) {
        return err;
    }
    if (note->type == HR_NOTE_NONE) {
        return hr_reject(report, HOTRELOAD_ERR_MODULE_MAC,
                         "the module has no MAC: build it with the key of this firmware");
    }
    if (note->size != sizeof(content_t)) {
        return hr_reject(report, HOTRELOAD_ERR_NOTE, "note with the MAC: n_descsz is %" PRIu32
                         ", not %u", note->size, (unsigned)sizeof(content_t));
    }
    return ESP_OK;
}

/* Of the whole, with zeros at `mac_at`. */
static esp_err_t hash_image(const hr_image_t *image, uint32_t mac_at,
                            uint8_t hash[HR_SHA256_SIZE])
{
    static const uint8_t zeros[HR_SHA256_SIZE];
    uint32_t behind = mac_at + HR_SHA256_SIZE;
    hr_sha256_t context;
    esp_err_t err = hr_sha256_begin(&context);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_sha256_add(&context, image->data, mac_at);
    if (err == ESP_OK) {
        err = hr_sha256_add(&context, zeros, sizeof(zeros));
    }
    if (err == ESP_OK) {
        err = hr_sha256_add(&context, image->data + behind, image->extent - behind);
    }
    if (err != ESP_OK) {
        hr_sha256_drop(&context);
        return err;
    }
    return hr_sha256_end(&context, hash);
}

static esp_err_t make_mac(const hr_image_t *image, uint32_t mac_at, const uint8_t *key,
                          uint8_t mac[HR_SHA256_SIZE])
{
    uint8_t hash[HR_SHA256_SIZE];
    char digits[HR_SHA256_TEXT_SIZE];
    char text[sizeof("hotreload-module-1\n\n") + sizeof(digits)];
    esp_err_t err = hash_image(image, mac_at, hash);
    if (err != ESP_OK) {
        return err;
    }
    hr_sha256_to_text(hash, digits);
    int length = snprintf(text, sizeof(text), "hotreload-module-1\n%s\n", digits);
    return hr_hmac_sha256(key, HR_KEY_SIZE, text, (size_t)length, mac);
}

esp_err_t hr_image_mac_check(const hr_image_t *image, const uint8_t key[HR_KEY_SIZE],
                             uint32_t floor, hr_report_t *report)
{
    hr_note_t note;
    content_t content;
    uint8_t mac[HR_SHA256_SIZE];
    esp_err_t err = find(image, &note, report);
    if (err != ESP_OK) {
        return err;
    }
    hr_image_read(image, note.offset, &content, sizeof(content));
    err = make_mac(image, note.offset + offsetof(content_t, mac), key, mac);
    if (err != ESP_OK) {
        return hr_reject(report, err, "no MAC of the module (%s)", esp_err_to_name(err));
    }
    if (!hr_sha256_same(mac, content.mac, sizeof(mac))) {
        return hr_reject(report, HOTRELOAD_ERR_MODULE_MAC,
                         "the module's MAC is not that of its content and the key of this "
                         "firmware: build it with that key");
    }
    if (content.build < floor) {
        return hr_reject(report, HOTRELOAD_ERR_BUILD_FLOOR,
                         "the module is build %" PRIu32 ", this firmware takes %" PRIu32
                         " and later ones", content.build, floor);
    }
    return ESP_OK;
}
