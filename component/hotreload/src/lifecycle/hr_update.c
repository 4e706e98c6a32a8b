/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_update.h"

#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "lifecycle/hr_check.h"
#include "port/hr_event.h"
#include "lifecycle/hr_lifecycle.h"
#include "module/hr_memory_esp.h"
#include "lifecycle/hr_operation.h"
#include "flash/hr_pending.h"
#include "port/hr_trace.h"

static const char op[] = "update";

static portMUX_TYPE writing_lock = portMUX_INITIALIZER_UNLOCKED;
static bool writing;

esp_err_t hr_update_claim(hr_report_t *report)
{
    portENTER_CRITICAL(&writing_lock);
    bool claimed = !writing;
    writing = true;
    portEXIT_CRITICAL(&writing_lock);
    return claimed ? ESP_OK
                   : hr_reject(report, HOTRELOAD_ERR_BUSY, "another update is being written");
}

void hr_update_release(void)
{
    portENTER_CRITICAL(&writing_lock);
    writing = false;
    portEXIT_CRITICAL(&writing_lock);
}

static uint32_t loaded_number(void)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    return status.module;
}

/* inside an operation: no load may read the slot that is chosen for writing */
static esp_err_t begin(hr_update_t *update, const char *label)
{
    esp_err_t err = hr_store_open(&update->store, label, &update->report);
    if (err == ESP_OK) {
        err = hr_store_begin(&update->store, &update->flash, &update->report);
    }
    if (err != ESP_OK) {
        hr_update_release();
    }
    return err;
}

/* The operation lasts only while the slot is chosen: loads read the other slot, and a slow sender
   keeps nobody from loading. */
esp_err_t hr_update_begin(hr_update_t *update, const char *label, size_t size)
{
    esp_err_t err = hr_operation_enter(op, &update->report);
    if (err != ESP_OK) {
        hr_update_release();
        return hr_operation_refuse(op, err, &update->report);
    }
    hr_trace("request", "op=%s partition=%s size=%u", op, label, (unsigned)size);
    err = begin(update, label);
    if (err != ESP_OK) {
        hr_operation_end(op, err, loaded_number(), &update->report);
    }
    hr_operation_leave();
    return err;
}

/* While the chunk still holds the start of the ELF, nothing is erased: what is no module costs no
   flash. */
static esp_err_t check_start(hr_update_t *update, size_t size)
{
    hr_elf_header_t header;
    return hr_image_check_header(update->flash.chunk, size, &header, &update->report);
}

void *hr_update_room(hr_update_t *update, size_t *size)
{
    uint32_t room;
    void *at = hr_store_room(&update->flash, &room);
    *size = room;
    return at;
}

esp_err_t hr_update_add(hr_update_t *update, size_t size)
{
    size_t before = update->flash.size;
    esp_err_t err = ESP_OK;
    if (before < sizeof(hr_elf_header_t) && before + size >= sizeof(hr_elf_header_t)) {
        err = check_start(update, before + size);
    }
    return err == ESP_OK ? hr_store_add(&update->flash, size, &update->report) : err;
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

static esp_err_t check_image(const void *data, size_t size, const hr_exports_t *exports,
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

static esp_err_t commit(hr_update_t *update)
{
    esp_err_t err = hr_store_commit(&update->flash, &update->report);
    if (err == ESP_OK) {
        hr_pending_t pending = {
            .partition = update->store.partition,
            .sequence = update->flash.sequence,
            .size = update->flash.size,
        };
        memcpy(pending.hash, update->flash.hash, sizeof(pending.hash));
        hr_pending_written(&pending);
        hr_event_updated(update->flash.size);
    }
    return err;
}

esp_err_t hr_update_commit(hr_update_t *update, const hr_exports_t *exports)
{
    hr_store_view_t view;
    if (update->flash.size < sizeof(hr_elf_header_t)) {
        return check_start(update, update->flash.size);
    }
    esp_err_t err = hr_store_map_update(&update->flash, &view, &update->report);
    if (err != ESP_OK) {
        return err;
    }
    err = check_image(view.data, view.size, exports, &update->report);
    hr_store_unmap(&view);
    return err == ESP_OK ? commit(update) : err;
}

esp_err_t hr_update_end(hr_update_t *update, esp_err_t err)
{
    hr_update_release();
    return hr_operation_end(op, err, loaded_number(), &update->report);
}

/* An image in RAM is checked before it costs an erase; in flash it only has to be the same. */
static esp_err_t write_all(hr_update_t *update, const void *elf_data, size_t elf_size)
{
    /* without a loaded module it is not known what the firmware calls; the load will check that */
    const hr_exports_t exports = hr_lifecycle_exports();
    hr_store_view_t view;
    if (elf_size > hr_store_capacity(&update->store)) {
        return hr_reject(&update->report, ESP_ERR_INVALID_SIZE,
                         "the module has %u bytes, partition %s holds %u", (unsigned)elf_size,
                         update->store.partition->label,
                         (unsigned)hr_store_capacity(&update->store));
    }
    esp_err_t err = check_image(elf_data, elf_size, &exports, &update->report);
    if (err == ESP_OK) {
        err = hr_update_append(update, elf_data, elf_size);
    }
    if (err == ESP_OK) {
        err = hr_store_map_update(&update->flash, &view, &update->report);
    }
    if (err == ESP_OK) {
        hr_store_unmap(&view);
        err = commit(update);
    }
    return err;
}

static esp_err_t update_inside_operation(hr_update_t *update, const char *partition_label,
                                         const void *elf_data, size_t elf_size)
{
    hr_trace("request", "op=%s source=ram partition=%s size=%u", op, partition_label,
             (unsigned)elf_size);
    esp_err_t err = hr_update_claim(&update->report);
    if (err == ESP_OK) {
        err = begin(update, partition_label);
    }
    if (err != ESP_OK) {
        return hr_operation_end(op, err, loaded_number(), &update->report);
    }
    return hr_update_end(update, write_all(update, elf_data, elf_size));
}

esp_err_t hotreload_update_partition(const char *partition_label,
                                     const void *elf_data, size_t elf_size)
{
    hr_report_t report;
    esp_err_t err = hr_check_label(partition_label, &report);
    if (err == ESP_OK && elf_data == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "elf_data is NULL");
    }
    hr_update_t *update = malloc(sizeof(*update)); /* too large for a small stack */
    if (err == ESP_OK && update == NULL) {
        err = hr_reject(&report, ESP_ERR_NO_MEM, "no memory for an update");
    }
    if (err == ESP_OK) {
        err = hr_operation_enter(op, &report);
    }
    if (err != ESP_OK) {
        hr_operation_refuse(op, err, &report);
    } else {
        err = update_inside_operation(update, partition_label, elf_data, elf_size);
        hr_operation_leave();
    }
    free(update);
    return err;
}
