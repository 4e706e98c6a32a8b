/* SPDX-License-Identifier: MIT */
/* One update of a partition, which may arrive in pieces.

   Nothing is erased before the first chunk of it is there, or all if that is less: what its first
   bytes tell is refused until then, and only then a slot is chosen. */
#pragma once

#include "flash/hr_store.h"
#include "module/hr_module.h"

/* of the caller's memory for a chunk; more makes fewer writes */
#define HR_UPDATE_CHUNK_SIZE 1792

/* All zero, but for `chunk` and `chunk_size` of `flash`, before hr_update_begin(). */
typedef struct {
    hr_store_t store;
    int64_t deadline; /* by the clock of esp_timer */
    hr_store_update_t flash;
    hr_report_t report; /* why it failed */
} hr_update_t;

/* Only one update at a time is written: HOTRELOAD_ERR_BUSY, at once. hr_update_release() gives back
   a claim with which no update was begun. */
esp_err_t hr_update_claim(hr_report_t *report);
void hr_update_release(void);

/* Needs the claim. May wait for an operation of another task. `size` is what the caller expects to
   give, for the trace. A failure is reported and gives the claim back; hr_update_end() belongs to
   ESP_OK only.

   CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS later the update has lost the claim to the next who wants it,
   and the functions below give HOTRELOAD_ERR_UPLOAD_TIMEOUT. */
esp_err_t hr_update_begin(hr_update_t *update, const char *label, size_t size);

/* Where the next bytes of the ELF may be received to, and how many there is room for, never 0; good
   until hr_update_add(). */
void *hr_update_room(hr_update_t *update, size_t *size);

/* Takes `size` bytes that were received there. May wait for an operation of another task. */
esp_err_t hr_update_add(hr_update_t *update, size_t size);

/* Takes a copy of the next bytes of the ELF. */
esp_err_t hr_update_append(hr_update_t *update, const void *data, size_t size);

/* Checks what was written as a load would, and makes it the newest. `hash` is the SHA-256 that the ELF
   has to have, otherwise HOTRELOAD_ERR_AUTH_BODY; NULL: any. */
esp_err_t hr_update_commit(hr_update_t *update, const hr_exports_t *exports, const uint8_t *hash);

/* Ends the update and reports `err`, with which it failed, or ESP_OK. Without a commit the modules
   that were not written over are as they were. Gives the claim back. Returns `err`. */
esp_err_t hr_update_end(hr_update_t *update, esp_err_t err);

/* Ends the update without a word. Whether it still had the claim. */
bool hr_update_drop(const hr_update_t *update);

/* Whether a whole image could be loaded with all memory free, in place of a module with these
   exports. */
esp_err_t hr_update_check_image(const void *data, size_t size, const hr_exports_t *exports,
                                hr_report_t *report);
