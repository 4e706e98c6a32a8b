/* SPDX-License-Identifier: MIT */
/* The life of a module: staged, switched to, retired, freed. */
#include "hotreload.h"

#include <inttypes.h>
#include <stdlib.h>

#include "freertos/FreeRTOS.h"
#include "hr_check.h"
#include "hr_event.h"
#include "hr_hooks.h"
#include "hr_lifecycle.h"
#include "hr_memory_esp.h"
#include "hr_module.h"
#include "hr_operation.h"
#include "hr_pending.h"
#include "hr_retire.h"
#include "hr_store.h"
#include "hr_trace.h"
#include "hr_unloaded.h"

/* The firmware's end of a module: its symbol table. */
typedef struct {
    volatile uint32_t *table; /* stubs read it at any time: each entry changes by one store */
    hr_exports_t exports;
} target_t;

/* A module that is complete but not yet called by anyone. */
typedef struct {
    hr_module_t *module;
    uint32_t *addresses;
    const esp_partition_t *partition; /* where it lies; NULL: in RAM */
    uint32_t sequence;
} staged_t;

/* changed only inside an operation; both are empty while no module is loaded */
static hr_module_t *current;
static target_t current_target;

/* short accesses from any task */
static portMUX_TYPE shared_lock = portMUX_INITIALIZER_UNLOCKED;
static hr_lifecycle_status_t shared_status;
static hr_hooks_t pre_hooks;
static hr_hooks_t post_hooks;

static uint32_t current_number(void)
{
    return current != NULL ? current->number : 0;
}

static esp_err_t stage(staged_t *staged, const target_t *target, const void *elf_data,
                       size_t elf_size, hr_report_t *report)
{
    size_t count = target->exports.count;
    hr_image_t image;
    staged->partition = NULL;
    staged->module = malloc(sizeof(*staged->module));
    staged->addresses = calloc(count + 1, sizeof(uint32_t)); /* never of size 0 */
    esp_err_t err = ESP_OK;
    if (staged->module == NULL || staged->addresses == NULL) {
        err = hr_reject(report, ESP_ERR_NO_MEM, "no memory for the addresses of %u functions",
                        (unsigned)count);
    }
    if (err == ESP_OK) {
        err = hr_module_check(&image, elf_data, elf_size, &target->exports, staged->addresses,
                              report);
    }
    if (err == ESP_OK) {
        err = hr_module_stage(staged->module, shared_status.loads + 1, &image, &hr_memory_esp,
                              staged->addresses, count, report);
    }
    if (err != ESP_OK) {
        free(staged->module);
        free(staged->addresses);
        return err;
    }
    hr_event_staged(staged->module->number, staged->module->size);
    return ESP_OK;
}

/* Stages the newest module of a partition. */
static esp_err_t stage_from_partition(staged_t *staged, const target_t *target, const char *label,
                                      hr_report_t *report)
{
    hr_store_t store;
    hr_store_view_t view;
    esp_err_t err = hr_store_open(&store, label, report);
    if (err == ESP_OK) {
        err = hr_store_map(&store, &view, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    err = stage(staged, target, view.data, view.size, report);
    staged->partition = store.partition;
    staged->sequence = view.sequence;
    hr_store_unmap(&view);
    return err;
}

static hr_lifecycle_status_t status_of(const hr_module_t *module)
{
    const hr_placed_t *text = hr_place_first(&module->placement, HR_SEGMENT_TEXT);
    const hr_placed_t *data = hr_place_first(&module->placement, HR_SEGMENT_DATA);
    return (hr_lifecycle_status_t) {
        .module = module->number,
        .size = module->size,
        .loads = module->number,
        .text_address = text->run,
        .text_size = text->size,
        .data_address = data->run,
        .data_size = data->size,
    };
}

static void point_to_unloaded(const target_t *target)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        target->table[i] = (uint32_t)(uintptr_t)hotreload_unloaded_stub;
    }
}

/* Nothing is allocated and nothing can fail from here on. */
static void switch_to(staged_t *staged, const target_t *target)
{
    uint32_t previous = current_number();
    hr_lifecycle_status_t status = status_of(staged->module);
    portENTER_CRITICAL(&shared_lock);
    if (current != NULL && current_target.table != target->table) {
        point_to_unloaded(&current_target);
    }
    for (size_t i = 0; i < target->exports.count; i++) {
        target->table[i] = staged->addresses[i];
    }
    shared_status = status;
    portEXIT_CRITICAL(&shared_lock);
    current = staged->module;
    current_target = *target;
    free(staged->addresses);
    if (staged->partition != NULL) {
        hr_pending_taken(staged->partition, staged->sequence);
    }
    hr_trace("switch", "module=%" PRIu32, current->number);
    hr_event_switched(current->number, previous);
}

static hr_hooks_t copy_hooks(const hr_hooks_t *hooks)
{
    portENTER_CRITICAL(&shared_lock);
    hr_hooks_t copy = *hooks;
    portEXIT_CRITICAL(&shared_lock);
    return copy;
}

/* Switches between the hooks, and lets the old module go if there is one. */
static void replace(staged_t *staged, const target_t *target)
{
    hr_module_t *old = current;
    hr_hooks_run_pre(copy_hooks(&pre_hooks));
    switch_to(staged, target);
    if (old != NULL) {
        hr_retire(old);
    }
    hr_hooks_run_post(copy_hooks(&post_hooks));
    if (old != NULL) {
        hr_retire_free(old);
    }
}

static target_t target_of(const hotreload_config_t *config)
{
    return (target_t) {
        .table = config->symbol_table,
        .exports = {config->symbol_names, config->symbol_count},
    };
}

static esp_err_t check_config(const hotreload_config_t *config, hr_report_t *report)
{
    if (config == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "config is NULL");
    }
    esp_err_t err = hr_check_label(config->partition_label, report);
    if (err == ESP_OK) {
        err = hr_check_table(config->symbol_table, config->symbol_names, config->symbol_count,
                             report);
    }
    return err;
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
    err = hr_operation_end(op, err, current_number(), report);
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
    target_t target = target_of(config);
    staged_t staged;
    if (current != NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_STATE,
                        "module %" PRIu32 " is loaded: hotreload_reload() replaces it",
                        current->number);
    } else {
        err = stage_from_partition(&staged, &target, config->partition_label, &report);
    }
    if (err == ESP_OK) {
        switch_to(&staged, &target);
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
    target_t target = target_of(config);
    staged_t staged;
    err = stage_from_partition(&staged, &target, config->partition_label, report);
    if (err == ESP_OK) {
        replace(&staged, &target);
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

    target_t target = {symbol_table, {symbol_names, symbol_count}};
    staged_t staged;
    err = stage(&staged, &target, elf_data, elf_size, &report);
    if (err == ESP_OK && current != NULL) {
        replace(&staged, &target);
    } else if (err == ESP_OK) {
        switch_to(&staged, &target);
    }
    return leave(op, err, &report);
}

static void switch_to_none(void)
{
    uint32_t previous = current_number();
    portENTER_CRITICAL(&shared_lock);
    point_to_unloaded(&current_target);
    shared_status = (hr_lifecycle_status_t) {.loads = shared_status.loads};
    portEXIT_CRITICAL(&shared_lock);
    current = NULL;
    current_target = (target_t) {0};
    hr_trace("switch", "module=0");
    hr_event_switched(0, previous);
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
    hr_module_t *old = current;
    if (old == NULL) {
        err = hr_reject(&report, ESP_ERR_INVALID_STATE, "no module is loaded");
    } else {
        switch_to_none();
        hr_retire(old);
        hr_retire_free(old);
    }
    return leave(op, err, &report);
}

static esp_err_t register_hook(hr_hooks_t *hooks, hotreload_hook_fn_t hook, void *user_ctx)
{
    portENTER_CRITICAL(&shared_lock);
    esp_err_t err = hr_hooks_register(hooks, hook, user_ctx);
    portEXIT_CRITICAL(&shared_lock);
    return err;
}

esp_err_t hotreload_register_pre_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(&pre_hooks, hook, user_ctx);
}

esp_err_t hotreload_register_post_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(&post_hooks, hook, user_ctx);
}

hr_exports_t hr_lifecycle_exports(void)
{
    return current_target.exports;
}

void hr_lifecycle_status(hr_lifecycle_status_t *status)
{
    portENTER_CRITICAL(&shared_lock);
    *status = shared_status;
    portEXIT_CRITICAL(&shared_lock);
}
