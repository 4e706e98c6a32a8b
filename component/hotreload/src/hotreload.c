/* SPDX-License-Identifier: MIT */
/* Loads, reloads and unloads: what the application asks for. */
#include "hotreload.h"

#include <inttypes.h>

#include "lifecycle/hr_check.h"
#include "module/hr_current.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_overview.h"
#include "lifecycle/hr_replace.h"
#include "lifecycle/hr_rollback.h"
#include "lifecycle/hr_slots.h"
#include "lifecycle/hr_stream.h"
#include "lifecycle/hr_trial.h"
#include "module/hr_retire.h"
#include "module/hr_stage.h"
#include "port/hr_trace.h"

static hr_target_t target_of(const hotreload_config_t *config)
{
    return (hr_target_t) {
        .table = config->symbol_table,
        .exports = {config->symbol_names, config->symbol_count},
    };
}

static esp_err_t check_config(const hotreload_config_t *config, hr_report_t *report)
{
    if (config == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "config is NULL");
    }
    return hr_check_module(config->partition_label, config->symbol_table, config->symbol_names,
                           config->symbol_count, report);
}

static esp_err_t enter_with_config(const char *op, const hotreload_config_t *config,
                                   hr_report_t *report)
{
    esp_err_t err = check_config(config, report);
    if (err == ESP_OK) {
        err = hr_operation_enter(op, report);
    }
    if (err != ESP_OK) {
        return hr_operation_refuse(op, err, report);
    }
    hr_trace("request", "op=%s source=flash partition=%s", op, config->partition_label);
    return ESP_OK;
}

static esp_err_t leave(const char *op, esp_err_t err, const hr_report_t *report)
{
    err = hr_operation_end(op, err, hr_current_number(), report);
    hr_operation_leave();
    return err;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    static const char op[] = "load";
    hr_report_t report;
    esp_err_t err = enter_with_config(op, config, &report);
    if (err != ESP_OK) {
        return err;
    }
    const hr_target_t target = target_of(config);
    hr_source_t source;
    if (hr_current_module() != NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_STATE,
                        "module %" PRIu32 " is loaded: hotreload_reload() replaces it",
                        hr_current_number());
    } else {
        err = hr_source_open(&source, config->partition_label, &report);
    }
    if (err == ESP_OK) {
        err = hr_replace_none(&target, &source, &report);
    }
    return leave(op, err, &report);
}

esp_err_t hr_lifecycle_reload(const hotreload_config_t *config, hr_report_t *report)
{
    static const char op[] = "reload";
    if (hr_rollback_take()) {
        return hr_lifecycle_rollback(config, report);
    }
    esp_err_t err = enter_with_config(op, config, report);
    if (err != ESP_OK) {
        return err;
    }
    const hr_target_t target = target_of(config);
    hr_source_t source;
    err = hr_source_open(&source, config->partition_label, report);
    if (err == ESP_OK) {
        err = hr_replace(&target, &source, report);
    }
    return leave(op, err, report);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    hr_report_t report;
    return hr_lifecycle_reload(config, &report);
}

/* The module that a rollback turns away: the one that is called, or without one the newest. */
static esp_err_t find_turned_away(const char *label, hr_origin_t *origin, hr_report_t *report)
{
    hr_source_t source;
    *origin = hr_trial_origin();
    if (hr_current_module() == NULL) {
        esp_err_t err = hr_source_open(&source, label, report);
        if (err != ESP_OK) {
            return err;
        }
        *origin = source.view.origin;
        hr_source_close(&source);
    }
    if (origin->partition == NULL) {
        return hr_reject(report, ESP_ERR_NOT_SUPPORTED,
                         "the module came from RAM: hotreload_reload() replaces it by the newest in "
                         "flash");
    }
    if (origin->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: nothing in it can be marked bad",
                         origin->partition->label);
    }
    return ESP_OK;
}

/* Only when the other module is in place: whatever fails before changes nothing, and there is no
   moment at which the flash has no module to start. */
static esp_err_t turn_away(const hr_origin_t *origin, hr_report_t *report)
{
    esp_err_t err = hr_store_mark_bad(origin, report);
    /* an update is written, or was written, over it: it is gone already */
    return err == HOTRELOAD_ERR_BUSY || err == HOTRELOAD_ERR_STORE ? ESP_OK : err;
}

esp_err_t hr_lifecycle_rollback(const hotreload_config_t *config, hr_report_t *report)
{
    static const char op[] = "rollback";
    (void)hr_rollback_take(); /* this is it */
    esp_err_t err = enter_with_config(op, config, report);
    if (err != ESP_OK) {
        return err;
    }
    const hr_target_t target = target_of(config);
    hr_origin_t origin;
    hr_source_t source;
    err = find_turned_away(config->partition_label, &origin, report);
    if (err == ESP_OK) {
        err = hr_source_open_beside(&source, &origin, report);
    }
    if (err == ESP_OK) {
        err = hr_replace(&target, &source, report);
    }
    if (err == ESP_OK) {
        err = turn_away(&origin, report);
    }
    return leave(op, err, report);
}

esp_err_t hotreload_rollback(const hotreload_config_t *config)
{
    hr_report_t report;
    return hr_lifecycle_rollback(config, &report);
}

esp_err_t hr_lifecycle_confirm(hr_report_t *report)
{
    esp_err_t err = hr_trial_confirm(report);
    return err == ESP_OK ? err : hr_operation_refuse("confirm", err, report);
}

esp_err_t hotreload_confirm(void)
{
    hr_report_t report;
    return hr_lifecycle_confirm(&report);
}

esp_err_t hr_lifecycle_retry(const char *partition_label, hr_report_t *report)
{
    esp_err_t err = hr_check_label(partition_label, report);
    if (err == ESP_OK) {
        err = hr_slots_retry(partition_label, report);
    }
    return err == ESP_OK ? err : hr_operation_refuse("retry", err, report);
}

esp_err_t hotreload_retry(const char *partition_label)
{
    hr_report_t report;
    return hr_lifecycle_retry(partition_label, &report);
}

esp_err_t hotreload_list(const char *partition_label, hotreload_slot_t list[HOTRELOAD_SLOTS],
                         size_t *count)
{
    hr_report_t report;
    esp_err_t err = hr_check_label(partition_label, &report);
    if (err == ESP_OK && (list == NULL || count == NULL)) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "%s is NULL",
                        list == NULL ? "list" : "count");
    }
    if (err == ESP_OK) {
        err = hr_slots_list(partition_label, list, &report);
    }
    if (err != ESP_OK) {
        return hr_operation_refuse("list", err, &report);
    }
    *count = HOTRELOAD_SLOTS;
    return ESP_OK;
}

esp_err_t hotreload_load_from_buffer(const void *elf_data, size_t elf_size,
                                     uint32_t *symbol_table,
                                     const char *const *symbol_names,
                                     size_t symbol_count)
{
    static const char op[] = "load_buffer";
    hr_report_t report;
    esp_err_t err = hr_check_table(symbol_table, symbol_names, symbol_count, &report);
    if (err == ESP_OK && elf_data == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_ARG, "elf_data is NULL");
    }
    if (err == ESP_OK) {
        err = hr_operation_enter(op, &report);
    }
    if (err != ESP_OK) {
        return hr_operation_refuse(op, err, &report);
    }
    hr_trace("request", "op=%s source=ram size=%u", op, (unsigned)elf_size);

    const hr_target_t target = {symbol_table, {symbol_names, symbol_count}};
    hr_source_t source = hr_source_in_ram(elf_data, elf_size);
    err = hr_current_module() != NULL ? hr_replace(&target, &source, &report)
                                      : hr_replace_none(&target, &source, &report);
    return leave(op, err, &report);
}

esp_err_t hotreload_unload(void)
{
    static const char op[] = "unload";
    hr_report_t report;
    esp_err_t err = hr_operation_enter(op, &report);
    if (err != ESP_OK) {
        return hr_operation_refuse(op, err, &report);
    }
    hr_trace("request", "op=%s", op);
    hr_module_t *old = hr_current_module();
    if (old == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_STATE, "no module is loaded");
    } else {
        hr_current_switch_to_none("it was unloaded");
        hr_trial_end();
        hr_retire(old);
        hr_retire_free(old);
    }
    return leave(op, err, &report);
}

esp_err_t hotreload_update_partition(const char *partition_label,
                                     const void *elf_data, size_t elf_size)
{
    return hr_stream_whole(partition_label, elf_data, elf_size);
}

bool hotreload_update_available(void)
{
    hr_overview_pending_t pending;
    return hr_overview_pending(&pending) || hr_rollback_waits();
}

esp_err_t hotreload_update_begin(const char *partition_label, size_t elf_size,
                                 hotreload_update_t **update)
{
    return hr_stream_begin(partition_label, elf_size, update);
}

esp_err_t hotreload_update_write(hotreload_update_t *update, const void *data, size_t size)
{
    return hr_stream_write(update, data, size);
}

esp_err_t hotreload_update_end(hotreload_update_t *update)
{
    return hr_stream_end(update);
}

esp_err_t hotreload_update_abort(hotreload_update_t *update)
{
    return hr_stream_abort(update);
}
