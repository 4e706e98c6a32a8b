/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_update.h"

#include <stdlib.h>
#include <string.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "elf/hr_identity.h"
#include "flash/hr_pending.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_rollback.h"
#include "module/hr_memory_esp.h"
#include "port/hr_event.h"
#include "port/hr_trace.h"
#include "sdkconfig.h"

#define TIMEOUT_US (CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS * INT64_C(1000))

static const char op[] = "update";

static portMUX_TYPE claim_lock = portMUX_INITIALIZER_UNLOCKED;
static bool claimed;
static const hr_update_t *writer; /* the one that has the claim; NULL: none has begun with it */
static bool active;               /* a task is in one of its functions */

/* ---- one at a time, and not for ever ---- */

static bool is_overdue(void)
{
    return writer != NULL && !active && esp_timer_get_time() >= writer->deadline;
}

esp_err_t hr_update_claim(hr_report_t *report)
{
    portENTER_CRITICAL(&claim_lock);
    bool abandoned = claimed && is_overdue();
    bool taken = !claimed || abandoned;
    if (taken) {
        claimed = true;
        writer = NULL;
    }
    portEXIT_CRITICAL(&claim_lock);
    if (abandoned) {
        hr_store_end();
    }
    return taken ? ESP_OK
                 : hr_reject(report, HOTRELOAD_ERR_BUSY, "another update is being written");
}

void hr_update_release(void)
{
    portENTER_CRITICAL(&claim_lock);
    claimed = false;
    writer = NULL;
    active = false;
    portEXIT_CRITICAL(&claim_lock);
}

static esp_err_t reject_timeout(hr_update_t *update)
{
    return hr_reject(&update->report, HOTRELOAD_ERR_UPLOAD_TIMEOUT,
                     "the update was not complete after %u ms",
                     (unsigned)CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS);
}

/* While a function works on an update nobody takes the claim away. */
static esp_err_t enter(hr_update_t *update)
{
    portENTER_CRITICAL(&claim_lock);
    bool other = writer == update && active;
    bool has_time = writer == update && !is_overdue();
    if (has_time && !other) {
        active = true;
    }
    portEXIT_CRITICAL(&claim_lock);
    if (other) {
        return hr_reject(&update->report, ESP_ERR_INVALID_STATE,
                         "two tasks write to one update at the same time");
    }
    return has_time ? ESP_OK : reject_timeout(update);
}

static void leave(void)
{
    portENTER_CRITICAL(&claim_lock);
    active = false;
    portEXIT_CRITICAL(&claim_lock);
}

static uint32_t loaded_number(void)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    return status.module;
}

static esp_err_t open_store(hr_update_t *update, const char *label)
{
    esp_err_t err = hr_store_open(&update->store, label, &update->report);
    return err == ESP_OK ? hr_store_begin(&update->store, &update->flash, &update->report) : err;
}

esp_err_t hr_update_begin(hr_update_t *update, const char *label, size_t size)
{
    esp_err_t err = hr_operation_enter(op, &update->report);
    if (err != ESP_OK) {
        hr_update_release();
        return hr_operation_refuse(op, err, &update->report);
    }
    hr_trace("request", "op=%s partition=%s size=%u", op, label, (unsigned)size);
    update->deadline = esp_timer_get_time() + TIMEOUT_US;
    err = open_store(update, label);
    if (err == ESP_OK) {
        portENTER_CRITICAL(&claim_lock);
        writer = update;
        portEXIT_CRITICAL(&claim_lock);
    } else {
        hr_update_release();
        hr_operation_end(op, err, loaded_number(), &update->report);
    }
    hr_operation_leave();
    return err;
}

/* ---- its content ---- */

/* While the chunk still holds the start of the ELF, nothing is erased: what is no module costs no
   flash, and nor does one that could never be loaded. `size` bytes are there. */
static esp_err_t check_header(hr_update_t *update, size_t size)
{
    hr_elf_header_t header;
    return hr_image_check_header(update->flash.chunk, size, &header, &update->report);
}

static esp_err_t check_start(hr_update_t *update, size_t size)
{
    hr_image_t image;
    esp_err_t err = hr_image_peek(&image, update->flash.chunk, size, &update->report);
    if (err == ESP_OK) {
        err = hr_identity_peek(&image, &update->report);
    }
    return err == ESP_OK ? hr_memory_esp_check(&image, &update->report) : err;
}

/* Inside an operation, so that no load reads the module that is going to be overwritten. The
   operation lasts only as long: a slow sender keeps nobody from loading the other one. */
static esp_err_t choose_slot(hr_update_t *update)
{
    esp_err_t err = hr_operation_enter(op, &update->report);
    if (err == ESP_OK) {
        err = hr_store_choose(&update->flash, &update->report);
        hr_operation_leave();
    }
    return err;
}

/* Before anything is written; `size` bytes are there. */
static esp_err_t prepare(hr_update_t *update, size_t size)
{
    esp_err_t err = check_start(update, size);
    return err == ESP_OK ? choose_slot(update) : err;
}

void *hr_update_room(hr_update_t *update, size_t *size)
{
    uint32_t room;
    void *at = hr_store_room(&update->flash, &room);
    *size = room;
    return at;
}

static esp_err_t add(hr_update_t *update, size_t size)
{
    size_t before = update->flash.size;
    esp_err_t err = ESP_OK;
    if (before < sizeof(hr_elf_header_t) && before + size >= sizeof(hr_elf_header_t)) {
        err = check_header(update, before + size);
    }
    if (err == ESP_OK && hr_store_is_first_write(&update->flash, size)) {
        err = prepare(update, before + size);
    }
    return err == ESP_OK ? hr_store_add(&update->flash, size, &update->report) : err;
}

esp_err_t hr_update_add(hr_update_t *update, size_t size)
{
    esp_err_t err = enter(update);
    if (err == ESP_OK) {
        err = add(update, size);
        leave();
    }
    return err;
}

esp_err_t hr_update_append(hr_update_t *update, const void *data, size_t size)
{
    const uint8_t *from = data;
    esp_err_t err = ESP_OK;
    while (err == ESP_OK && size > 0) {
        size_t room;
        void *at = hr_update_room(update, &room);
        size_t part = size < room ? size : room;
        memcpy(at, from, part);
        err = hr_update_add(update, part);
        from += part;
        size -= part;
    }
    return err;
}

esp_err_t hr_update_check_image(const void *data, size_t size, const hr_exports_t *exports,
                                hr_report_t *report)
{
    hr_image_t image;
    uint32_t *links = calloc(exports->count + 1, sizeof(uint32_t)); /* never of size 0 */
    if (links == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the addresses of %u functions",
                         (unsigned)exports->count);
    }
    esp_err_t err = hr_module_check(&image, data, size, exports, links, report);
    free(links);
    /* the next start would load it in vain */
    return err == ESP_OK ? hr_memory_esp_check(&image, report) : err;
}

static esp_err_t make_newest(hr_update_t *update, const hr_store_view_t *view)
{
    esp_err_t err = hr_store_commit(&update->flash, view, &update->report);
    if (err == ESP_OK) {
        hr_pending_t pending = {
            .partition = update->store.partition,
            .sequence = update->flash.sequence,
            .size = update->flash.size,
        };
        memcpy(pending.hash, update->flash.hash, sizeof(pending.hash));
        hr_pending_written(&pending);
        (void)hr_rollback_take(); /* what was asked for last counts */
        hr_event_updated(update->flash.size);
    }
    return err;
}

/* One that nobody signed never becomes the newest. */
static esp_err_t check_hash(hr_update_t *update, const uint8_t *hash)
{
    return hash == NULL || memcmp(hash, update->flash.hash, HR_SHA256_SIZE) == 0
               ? ESP_OK
               : hr_reject(&update->report, HOTRELOAD_ERR_AUTH_BODY,
                           "the module is not the one that was signed: its SHA-256 is another");
}

static esp_err_t commit(hr_update_t *update, const hr_exports_t *exports, const uint8_t *hash)
{
    hr_store_view_t view;
    esp_err_t err = ESP_OK;
    if (!update->flash.chosen) {
        err = prepare(update, update->flash.size);
    }
    if (err == ESP_OK) {
        err = hr_store_map_update(&update->flash, &view, &update->report);
    }
    if (err != ESP_OK) {
        return err;
    }
    err = check_hash(update, hash);
    if (err == ESP_OK) {
        err = hr_update_check_image(view.data, view.size, exports, &update->report);
    }
    if (err == ESP_OK) {
        err = make_newest(update, &view);
    }
    hr_store_unmap(&view);
    return err;
}

esp_err_t hr_update_commit(hr_update_t *update, const hr_exports_t *exports, const uint8_t *hash)
{
    esp_err_t err = enter(update);
    if (err == ESP_OK) {
        err = commit(update, exports, hash);
        leave();
    }
    return err;
}

bool hr_update_drop(const hr_update_t *update)
{
    portENTER_CRITICAL(&claim_lock);
    bool had = writer == update;
    portEXIT_CRITICAL(&claim_lock);
    if (had) {
        hr_store_end();
        hr_update_release();
    }
    return had;
}

esp_err_t hr_update_end(hr_update_t *update, esp_err_t err)
{
    hr_update_drop(update);
    return hr_operation_end(op, err, loaded_number(), &update->report);
}
