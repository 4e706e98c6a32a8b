/* SPDX-License-Identifier: MIT */
/* What the application asks for, but for the server. */
#include "hotreload.h"

#include <inttypes.h>

#include "lifecycle/hr_check.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_load.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_overview.h"
#include "lifecycle/hr_rollback.h"
#include "lifecycle/hr_slots.h"
#include "lifecycle/hr_stream.h"
#include "lifecycle/hr_trial.h"
#include "module/hr_current.h"
#include "module/hr_retire.h"
#include "port/hr_trace.h"

static hr_load_t load_of(const hotreload_config_t *config)
{
    return (hr_load_t) {
        .target = {config->symbol_table, {config->symbol_names, config->symbol_count}},
        .label = config->partition_label,
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

/* `leaving` is the module that went, or NULL: nothing of the component is held any more when its
   destructors run. */
static esp_err_t leave(const char *op, esp_err_t err, hr_module_t *leaving,
                       const hr_report_t *report)
{
    err = hr_operation_end(op, err, hr_current_number(), report);
    hr_operation_leave();
    if (leaving != NULL) {
        hr_retire_free(leaving);
    }
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
    const hr_load_t load = load_of(config);
    err = hr_current_module() == NULL
        ? hr_load_first(&load, &report)
        : hr_reject(&report, ESP_ERR_INVALID_STATE,
                    "module %" PRIu32 " is loaded: hotreload_reload() replaces it",
                    hr_current_number());
    return leave(op, err, NULL, &report);
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
    const hr_load_t load = load_of(config);
    hr_module_t *leaving;
    err = hr_load_replace(&load, &leaving, report);
    return leave(op, err, leaving, report);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    hr_report_t report;
    return hr_lifecycle_reload(config, &report);
}

esp_err_t hr_lifecycle_rollback(const hotreload_config_t *config, hr_report_t *report)
{
    static const char op[] = "rollback";
    (void)hr_rollback_take(); /* this is it */
    esp_err_t err = enter_with_config(op, config, report);
    if (err != ESP_OK) {
        return err;
    }
    const hr_load_t load = load_of(config);
    hr_module_t *leaving;
    err = hr_rollback_run(&load, &leaving, report);
    return leave(op, err, leaving, report);
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

    const hr_load_t load = {
        .target = {symbol_table, {symbol_names, symbol_count}},
        .data = elf_data,
        .size = elf_size,
    };
    hr_module_t *leaving = NULL;
    err = hr_current_module() == NULL ? hr_load_first(&load, &report)
                                      : hr_load_replace(&load, &leaving, &report);
    return leave(op, err, leaving, &report);
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
    hr_module_t *leaving;
    err = hr_load_unload(&leaving, &report);
    return leave(op, err, leaving, &report);
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
