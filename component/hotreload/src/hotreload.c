/* SPDX-License-Identifier: MIT */
/* Loads, reloads and unloads: what the application asks for. */
#include "hotreload.h"

#include <inttypes.h>

#include "lifecycle/hr_check.h"
#include "module/hr_current.h"
#include "flash/hr_guard.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_replace.h"
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

/* When nothing is loaded. */
static esp_err_t load_first(const hr_target_t *target, hr_source_t *source, hr_report_t *report)
{
    hr_staged_t staged;
    esp_err_t err = hr_stage(&staged, source, &target->exports, hr_current_next_number(), report);
    hr_source_close(source);
    if (err == ESP_OK) {
        hr_current_switch(&staged, target);
    } else {
        hr_source_refuse(source);
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
        err = load_first(&target, &source, &report);
    }
    return leave(op, err, &report);
}

esp_err_t hr_lifecycle_reload(const hotreload_config_t *config, hr_report_t *report)
{
    static const char op[] = "reload";
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
                                      : load_first(&target, &source, &report);
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
        hr_guard_release();
        hr_retire(old);
        hr_retire_free(old);
    }
    return leave(op, err, &report);
}
