/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_stream.h"

#include <stdlib.h>

#include "lifecycle/hr_check.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_update.h"
#include "port/hr_trace.h"

static const char op[] = "update";

struct hotreload_update {
    hr_update_t update;
    bool ended; /* by a failure; the claim is given back */
    esp_err_t err;
    uint8_t chunk[HR_UPDATE_CHUNK_SIZE];
};

/* The first failure ends it; what follows gives the same error. */
static esp_err_t fail(hotreload_update_t *update, esp_err_t err)
{
    update->ended = true;
    update->err = hr_update_end(&update->update, err);
    return err;
}

/* Also refuses to wait for an operation that waits for this task. */
static esp_err_t check_call(const char *name, hotreload_update_t *update, const void *data,
                            size_t size)
{
    hr_report_t report;
    esp_err_t err = ESP_OK;
    if (update == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "update is NULL");
    } else if (data == NULL && size > 0) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "data is NULL");
    } else {
        err = hr_operation_check_outside(name, &report);
    }
    return err == ESP_OK ? err : hr_operation_refuse(name, err, &report);
}

static esp_err_t reject_size(const hr_update_t *update, size_t size, hr_report_t *report)
{
    uint32_t capacity = hr_store_capacity(&update->store);
    return size <= capacity
               ? ESP_OK
               : hr_reject(report, ESP_ERR_INVALID_SIZE,
                           "the module has %u bytes, partition %s holds %u", (unsigned)size,
                           update->store.partition->label, (unsigned)capacity);
}

/* With the claim. */
static esp_err_t begin_claimed(hotreload_update_t *update, const char *label, size_t size)
{
    hr_update_t *inner = &update->update;
    inner->flash.chunk = update->chunk;
    inner->flash.chunk_size = sizeof(update->chunk);
    esp_err_t err = hr_update_begin(inner, label, size);
    if (err != ESP_OK) {
        return err;
    }
    err = reject_size(inner, size, &inner->report);
    return err == ESP_OK ? err : hr_update_end(inner, err);
}

esp_err_t hr_stream_begin(const char *partition_label, size_t elf_size,
                          hotreload_update_t **update)
{
    static const char name[] = "update_begin";
    hr_report_t report;
    esp_err_t err = hr_check_label(partition_label, &report);
    if (err == ESP_OK && update == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "update is NULL");
    }
    if (err == ESP_OK) {
        err = hr_operation_check_outside(name, &report);
    }
    if (err != ESP_OK) {
        return hr_operation_refuse(name, err, &report);
    }
    hotreload_update_t *begun = calloc(1, sizeof(*begun)); /* too large for a small stack */
    *update = NULL;
    if (begun == NULL) {
        err = hr_reject(&report, ESP_ERR_NO_MEM, "no memory for an update");
    } else {
        err = hr_update_claim(&report);
    }
    if (err != ESP_OK) {
        free(begun);
        return hr_operation_refuse(name, err, &report);
    }
    err = begin_claimed(begun, partition_label, elf_size);
    if (err != ESP_OK) {
        free(begun);
        return err;
    }
    *update = begun;
    return ESP_OK;
}

esp_err_t hr_stream_write(hotreload_update_t *update, const void *data, size_t size)
{
    esp_err_t err = check_call("update_write", update, data, size);
    if (err != ESP_OK) {
        return err;
    }
    if (update->ended) {
        return update->err;
    }
    err = hr_update_append(&update->update, data, size);
    return err == ESP_OK ? err : fail(update, err);
}

/* Without a loaded module it is not known what the firmware calls; the load will check that. */
static esp_err_t loaded_exports(hr_exports_t *exports, hr_report_t *report)
{
    esp_err_t err = hr_operation_enter(op, report);
    if (err == ESP_OK) {
        *exports = hr_lifecycle_exports();
        hr_operation_leave();
    }
    return err;
}

static esp_err_t commit_for_loaded(hr_update_t *update)
{
    hr_exports_t exports;
    esp_err_t err = loaded_exports(&exports, &update->report);
    return err == ESP_OK ? hr_update_commit(update, &exports, NULL) : err;
}

esp_err_t hr_stream_end(hotreload_update_t *update)
{
    esp_err_t err = check_call("update_end", update, NULL, 0);
    if (err != ESP_OK) {
        return err;
    }
    err = update->err;
    if (!update->ended) {
        err = hr_update_end(&update->update, commit_for_loaded(&update->update));
    }
    free(update);
    return err;
}

esp_err_t hr_stream_abort(hotreload_update_t *update)
{
    esp_err_t err = check_call("update_abort", update, NULL, 0);
    if (err != ESP_OK) {
        return err;
    }
    if (!update->ended && hr_update_drop(&update->update)) {
        hr_trace("abort", "op=%s size=%u", op, (unsigned)update->update.flash.size);
    }
    free(update);
    return ESP_OK;
}

/* An image in RAM is checked before it costs an erase. */
static esp_err_t check_whole(const void *elf_data, size_t elf_size, hr_report_t *report)
{
    hr_exports_t exports;
    esp_err_t err = loaded_exports(&exports, report);
    return err == ESP_OK ? hr_update_check_image(elf_data, elf_size, &exports, report) : err;
}

static esp_err_t write_whole(hotreload_update_t *update, const void *elf_data, size_t elf_size)
{
    esp_err_t err = check_whole(elf_data, elf_size, &update->update.report);
    if (err != ESP_OK) {
        return fail(update, err);
    }
    return hr_stream_write(update, elf_data, elf_size);
}

esp_err_t hr_stream_whole(const char *partition_label,
                          const void *elf_data, size_t elf_size)
{
    hr_report_t report;
    hotreload_update_t *update;
    esp_err_t err = hr_check_label(partition_label, &report);
    if (err == ESP_OK && elf_data == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "elf_data is NULL");
    }
    if (err != ESP_OK) {
        return hr_operation_refuse(op, err, &report);
    }
    err = hr_stream_begin(partition_label, elf_size, &update);
    if (err != ESP_OK) {
        return err;
    }
    (void)write_whole(update, elf_data, elf_size); /* the end gives its error */
    return hr_stream_end(update);
}
