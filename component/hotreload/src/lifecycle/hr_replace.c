/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_replace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "esp_log.h"
#include "hotreload.h"
#include "module/hr_current.h"
#include "module/hr_hooks.h"
#include "flash/hr_pending.h"
#include "module/hr_retire.h"
#include "module/hr_stage.h"
#include "module/hr_tasks.h"
#include "port/hr_trace.h"
#include "module/hr_unloaded.h"
#include "lifecycle/hr_trial.h"
#include "lifecycle/hr_update.h"
#include "sdkconfig.h"

/* both ways are always compiled */
#ifdef CONFIG_HOTRELOAD_UNLOAD_FIRST
#define UNLOAD_FIRST true
#define UNLOAD_TIMEOUT_MS CONFIG_HOTRELOAD_UNLOAD_TIMEOUT_MS
#else
#define UNLOAD_FIRST false
#define UNLOAD_TIMEOUT_MS 0
#endif

static const char *TAG = "hotreload";

static void switch_to(hr_staged_t *staged, const hr_target_t *target)
{
    const hr_origin_t origin = staged->origin;
    hr_current_switch(staged, target);
    hr_trial_run(&origin);
    if (origin.partition != NULL) {
        hr_pending_taken(origin.partition, origin.sequence);
    }
}

/* Gives up what was staged. */
static void drop_placed(hr_staged_t *staged)
{
    hr_module_free(staged->module);
    hr_stage_drop(staged);
}

/* Nothing can fail once the new module is staged. */
static esp_err_t replace_staged_first(const hr_target_t *target, hr_source_t *source,
                                      hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    hr_staged_t staged;
    esp_err_t err = hr_stage(&staged, source, &target->exports, hr_current_next_number(), report);
    hr_source_close(source);
    if (err == ESP_OK) {
        err = hr_trial_begin(&staged.origin, report);
        if (err != ESP_OK) {
            drop_placed(&staged);
        }
    }
    if (err != ESP_OK) {
        return err;
    }
    const hr_hooks_registered_t hooks = hr_hooks_registered();
    hr_hooks_run_pre(&hooks.pre);
    switch_to(&staged, target);
    if (old != NULL) {
        hr_retire(old);
    }
    hr_hooks_run_post(&hooks.post);
    if (old != NULL) {
        hr_retire_free(old);
    }
    return ESP_OK;
}

/* What brings the loaded module back: it, its table, and where the table leads. */
typedef struct {
    hr_target_t target;
    hr_staged_t staged;
} way_back_t;

static esp_err_t remember(way_back_t *back, hr_report_t *report)
{
    back->target = hr_current_target();
    size_t count = back->target.exports.count;
    uint32_t *addresses = calloc(count + 1, sizeof(uint32_t)); /* never of size 0 */
    if (addresses == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the addresses of %u functions",
                         (unsigned)count);
    }
    back->staged = hr_current_as_staged(addresses);
    return ESP_OK;
}

/* All that can be known before the loaded module goes. */
static esp_err_t prepare(hr_staged_t *staged, hr_image_t *image, way_back_t *back,
                         const hr_target_t *target, const hr_source_t *source, hr_report_t *report)
{
    esp_err_t err = hr_stage_check(staged, image, source, &target->exports, report);
    if (err != ESP_OK) {
        return err;
    }
    err = remember(back, report);
    if (err == ESP_OK && hr_tasks_is_caller_inside(&hr_current_module()->placement)) {
        free(back->staged.addresses);
        err = hr_reject(report, HOTRELOAD_ERR_CALLER_INSIDE,
                        "module %" PRIu32 " cannot be unloaded first by a task that is inside it",
                        hr_current_number());
    }
    if (err != ESP_OK) {
        hr_stage_drop(staged);
    }
    return err;
}

/* The newest module in flash that is not the one that failed. */
static esp_err_t open_last_good(hr_source_t *source, const hr_source_t *failed,
                                hr_report_t *report)
{
    hr_origin_t origin = hr_current_origin();
    if (failed->view.origin.partition != NULL) {
        return hr_source_open_beside(source, &failed->view.origin, report);
    }
    if (origin.partition == NULL) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module has come from flash");
    }
    return hr_source_open(source, origin.partition->label, report);
}

static void fall_back(const hr_target_t *target, const hr_source_t *failed, esp_err_t why)
{
    hr_report_t report;
    hr_source_t source;
    hr_staged_t staged;
    hr_trace("fallback", "code=0x%x name=%s", (unsigned)why, hotreload_err_to_name(why));
    esp_err_t err = open_last_good(&source, failed, &report);
    if (err == ESP_OK) {
        err = hr_stage(&staged, &source, &target->exports, hr_current_next_number(), &report);
        hr_source_close(&source);
    }
    if (err == ESP_OK) {
        err = hr_trial_begin(&staged.origin, &report);
        if (err != ESP_OK) {
            drop_placed(&staged);
        }
    }
    if (err == ESP_OK) {
        switch_to(&staged, target);
        ESP_LOGW(TAG, "the module before it in flash is used: module %" PRIu32,
                 hr_current_number());
    } else {
        hr_trial_end();
        hr_unloaded_begin("the one that was to replace it failed to load");
        ESP_LOGE(TAG, "no other module can be loaded: %s: %s", hotreload_err_to_name(err),
                 report.message);
    }
}

/* The loaded module goes; from here on a failure cannot be undone, but by another load. */
static esp_err_t unload_and_place(hr_staged_t *staged, const hr_image_t *image, way_back_t *back,
                                  const hr_target_t *target, const hr_source_t *source,
                                  hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    uint32_t number = old->number;
    hr_current_switch_to_none("it is being replaced");
    hr_retire(old);
    if (!hr_retire_free_within(old, UNLOAD_TIMEOUT_MS)) {
        hr_stage_drop(staged);
        hr_current_switch(&back->staged, &back->target);
        return hr_reject(report, HOTRELOAD_ERR_TASK_INSIDE,
                         "a task was still inside module %" PRIu32 " after %u ms", number,
                         (unsigned)UNLOAD_TIMEOUT_MS);
    }
    free(back->staged.addresses);
    esp_err_t err = hr_stage_place(staged, image, hr_current_next_number(), report);
    if (err == ESP_OK) {
        err = hr_trial_begin(&staged->origin, report);
        if (err != ESP_OK) {
            drop_placed(staged);
        }
    }
    if (err == ESP_OK) {
        switch_to(staged, target);
    } else {
        fall_back(&back->target, source, err);
    }
    return err;
}

/* Hooks come in pairs, whatever becomes of the load. */
static esp_err_t replace_unloaded_first(const hr_target_t *target, const hr_source_t *source,
                                        hr_report_t *report)
{
    hr_image_t image;
    hr_staged_t staged;
    way_back_t back;
    esp_err_t err = prepare(&staged, &image, &back, target, source, report);
    if (err != ESP_OK) {
        return err;
    }
    const hr_hooks_registered_t hooks = hr_hooks_registered();
    hr_hooks_run_pre(&hooks.pre);
    err = unload_and_place(&staged, &image, &back, target, source, report);
    hr_hooks_run_post(&hooks.post);
    return err;
}

esp_err_t hr_replace(const hr_target_t *target, hr_source_t *source, hr_report_t *report)
{
    if (!UNLOAD_FIRST || hr_current_module() == NULL) {
        return replace_staged_first(target, source, report);
    }
    /* an update writes over the very module that a failure falls back to */
    esp_err_t err = hr_update_claim(report);
    if (err == ESP_OK) {
        err = replace_unloaded_first(target, source, report);
        hr_update_release();
    }
    hr_source_close(source);
    return err;
}

esp_err_t hr_replace_none(const hr_target_t *target, hr_source_t *source, hr_report_t *report)
{
    hr_staged_t staged;
    esp_err_t err = hr_stage(&staged, source, &target->exports, hr_current_next_number(), report);
    hr_source_close(source);
    if (err == ESP_OK) {
        err = hr_trial_begin(&staged.origin, report);
        if (err != ESP_OK) {
            drop_placed(&staged);
        }
    }
    if (err == ESP_OK) {
        switch_to(&staged, target);
    }
    return err;
}
