/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_load.h"

#include <inttypes.h>
#include <string.h>

#include "esp_log.h"
#include "flash/hr_guard.h"
#include "flash/hr_pending.h"
#include "flash/hr_store.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_update.h"
#include "module/hr_current.h"
#include "module/hr_hold.h"
#include "module/hr_hooks.h"
#include "module/hr_retire.h"
#include "module/hr_stage.h"
#include "module/hr_tasks.h"
#include "module/hr_unloaded.h"
#include "port/hr_trace.h"
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

/* What this is about has been copied to RAM when it is needed. */
typedef struct {
    const esp_partition_t *partition; /* NULL: it was in RAM */
    uint32_t sequence;
    uint8_t hash[HR_SHA256_SIZE];
} hr_origin_t;

/* Where the loaded module came from; read by any task. */
static portMUX_TYPE origin_lock = portMUX_INITIALIZER_UNLOCKED;
static hr_origin_t origin;
static uint32_t origin_module; /* number of the module that this is about */

/* Where the last module from flash came from, to find a way back. */
static const esp_partition_t *last_partition;

/* A module on its way in. */
typedef struct {
    const hr_target_t *target;
    hr_store_view_t view; /* where it lies */
    hr_origin_t origin;
    hr_image_t image;    /* reads in the view */
    hr_module_t *module; /* checked, then placed */
} attempt_t;

/* The modules to try, the newest first; from RAM it is one. */
typedef struct {
    const hr_load_t *load;
    hr_store_t store;
    hr_store_view_t last;
    uint32_t count;
} source_t;

static esp_err_t open_source(source_t *source, const hr_load_t *load, hr_report_t *report)
{
    *source = (source_t) {.load = load};
    return load->label != NULL ? hr_store_open(&source->store, load->label, report) : ESP_OK;
}

static esp_err_t map_next(source_t *source, attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err;
    if (source->count++ == 0) {
        err = hr_guard_map(&source->store, &attempt->view, report);
        source->last = attempt->view;
    } else {
        err = hr_store_map_previous(&source->store, &source->last, &attempt->view, report);
    }
    if (err == ESP_OK) {
        attempt->origin.partition = source->store.partition;
        attempt->origin.sequence = attempt->view.sequence;
        memcpy(attempt->origin.hash, attempt->view.hash, sizeof(attempt->origin.hash));
    }
    return err;
}

static esp_err_t next(source_t *source, attempt_t *attempt, hr_report_t *report)
{
    const hr_load_t *load = source->load;
    *attempt = (attempt_t) {.target = &load->target};
    if (load->label != NULL) {
        return map_next(source, attempt, report);
    }
    if (source->count++ > 0) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "there is no other module in RAM");
    }
    attempt->view = (hr_store_view_t) {.data = load->data, .size = load->size};
    return ESP_OK;
}

static void close_view(attempt_t *attempt)
{
    if (attempt->origin.partition != NULL) {
        hr_store_unmap(&attempt->view);
    }
}

static void refuse(const attempt_t *attempt)
{
    if (attempt->origin.partition != NULL) {
        hr_guard_undo();
    }
}

/* The three below leave nothing when they fail. */
static esp_err_t check(attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = hr_stage_check(&attempt->module, &attempt->image, attempt->view.data,
                                   attempt->view.size, attempt->target, report);
    if (err != ESP_OK) {
        close_view(attempt);
        refuse(attempt);
    }
    return err;
}

static esp_err_t place(attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = hr_stage_place(attempt->module, &attempt->image, hr_current_next_number(),
                                   report);
    close_view(attempt);
    if (err != ESP_OK) {
        refuse(attempt);
    }
    return err;
}

static esp_err_t check_and_place(attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = check(attempt, report);
    return err == ESP_OK ? place(attempt, report) : err;
}

/* Given up between the two. */
static void drop(attempt_t *attempt)
{
    hr_stage_drop(attempt->module);
    close_view(attempt);
    refuse(attempt);
}

static bool is_same(const hr_origin_t *a, const hr_origin_t *b)
{
    return a->partition == b->partition && a->sequence == b->sequence
        && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* The first one that can be loaded. None: the reason is that of the newest. `failed` is one that was
   tried already, or NULL. */
static esp_err_t find(source_t *source, attempt_t *attempt, const hr_origin_t *failed,
                      hr_report_t *report)
{
    hr_report_t other;
    hr_report_t *reason = report;
    esp_err_t first = ESP_OK;
    esp_err_t err = next(source, attempt, reason);
    while (err == ESP_OK) {
        if (failed != NULL && is_same(&attempt->origin, failed)) {
            close_view(attempt);
        } else {
            err = check_and_place(attempt, reason);
            if (err == ESP_OK) {
                return ESP_OK;
            }
            first = first == ESP_OK ? err : first;
            reason = &other;
        }
        err = next(source, attempt, reason);
    }
    return first == ESP_OK ? err : first;
}

/* Nothing can fail any more. */
static void take(const attempt_t *attempt)
{
    const hr_origin_t *from = &attempt->origin;
    portENTER_CRITICAL(&origin_lock);
    origin = *from;
    origin_module = attempt->module->number;
    portEXIT_CRITICAL(&origin_lock);
    hr_current_switch(attempt->module);
    if (from->partition != NULL) {
        last_partition = from->partition;
        hr_pending_taken(from->partition, from->sequence);
    } else {
        hr_guard_release();
    }
}

esp_err_t hr_load_first(const hr_load_t *load, hr_report_t *report)
{
    source_t source;
    attempt_t attempt;
    esp_err_t err = open_source(&source, load, report);
    if (err == ESP_OK) {
        err = find(&source, &attempt, NULL, report);
    }
    if (err == ESP_OK) {
        take(&attempt);
    }
    return err;
}

/* Beside a module that is loaded only the newest one is asked for: it would be no reload otherwise. */
static esp_err_t stage(const hr_load_t *load, attempt_t *attempt, hr_report_t *report)
{
    source_t source;
    esp_err_t err = open_source(&source, load, report);
    if (err != ESP_OK) {
        return err;
    }
    if (hr_current_module() == NULL) {
        return find(&source, attempt, NULL, report);
    }
    err = next(&source, attempt, report);
    return err == ESP_OK ? check_and_place(attempt, report) : err;
}

/* The new module does not get its turn. A hook may have started tasks in it. */
static void give_up(const attempt_t *attempt)
{
    refuse(attempt);
    hr_retire(attempt->module);
    hr_retire_free(attempt->module);
}

static esp_err_t hand_over(uint32_t hooks, const attempt_t *attempt, const hr_module_t *old,
                           hr_report_t *report)
{
    const hotreload_handover_t handover = {.next = attempt->module, .old = old};
    return hr_hooks_run_handover(hooks, &handover, report);
}

/* Both modules are in memory: what fails leaves the old one. */
static esp_err_t replace_beside(const hr_load_t *load, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    attempt_t attempt;
    esp_err_t err = stage(load, &attempt, report);
    if (err != ESP_OK) {
        return err;
    }
    uint32_t hooks = hr_hooks_begin();
    hr_hold_begin(&load->target);
    hr_hooks_run_pre(hooks);
    err = hr_hold_wait(old, report);
    if (err == ESP_OK) {
        err = hand_over(hooks, &attempt, old, report);
    }
    if (err == ESP_OK) {
        take(&attempt);
        if (old != NULL) {
            hr_retire(old);
        }
    } else {
        give_up(&attempt);
        old = NULL; /* it stays */
    }
    hr_hooks_run_post(hooks, err);
    hr_hold_end();
    if (old != NULL) {
        hr_retire_free(old);
    }
    return err;
}

/* All that can be known before the loaded module goes. */
static esp_err_t prepare(const hr_load_t *load, attempt_t *attempt, hr_report_t *report)
{
    source_t source;
    esp_err_t err = open_source(&source, load, report);
    if (err == ESP_OK) {
        err = next(&source, attempt, report);
    }
    if (err == ESP_OK) {
        err = check(attempt, report);
    }
    if (err == ESP_OK && hr_tasks_is_caller_inside(&hr_current_module()->placement)) {
        drop(attempt);
        err = hr_reject(report, HOTRELOAD_ERR_CALLER_INSIDE,
                        "module %" PRIu32 " cannot be unloaded first by a task that is inside it",
                        hr_current_number());
    }
    return err;
}

/* The newest module in flash that can be loaded, but for the one that could not. No hook can refuse
   it: there would be none then. */
static esp_err_t find_other(const hr_load_t *load, attempt_t *attempt, const hr_origin_t *failed,
                            uint32_t hooks, hr_report_t *report)
{
    source_t source;
    hr_report_t refusal;
    if (load->label == NULL) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module has come from flash");
    }
    esp_err_t err = open_source(&source, load, report);
    if (err == ESP_OK) {
        err = find(&source, attempt, failed, report);
    }
    if (err == ESP_OK) {
        esp_err_t refused = hand_over(hooks, attempt, NULL, &refusal);
        if (refused != ESP_OK) {
            ESP_LOGW(TAG, "%s: %s, which is used nevertheless", hotreload_err_to_name(refused),
                     refusal.message);
        }
    }
    return err;
}

static void fall_back(const hr_target_t *target, const attempt_t *failed, uint32_t hooks,
                      esp_err_t why)
{
    hr_report_t report;
    attempt_t attempt;
    const esp_partition_t *partition = failed->origin.partition != NULL ? failed->origin.partition
                                                                        : last_partition;
    const hr_load_t back = {
        .target = *target,
        .label = partition != NULL ? partition->label : NULL,
    };
    hr_trace("fallback", "code=0x%x name=%s", (unsigned)why, hotreload_err_to_name(why));
    if (failed->origin.partition != NULL) {
        /* it had its turn: who reloads when an update waits would unload the next one for it */
        hr_pending_taken(failed->origin.partition, failed->origin.sequence);
    }
    esp_err_t err = find_other(&back, &attempt, &failed->origin, hooks, &report);
    if (err == ESP_OK) {
        take(&attempt);
        ESP_LOGW(TAG, "another module in flash is used: module %" PRIu32, hr_current_number());
    } else {
        hr_guard_release();
        hr_unloaded_begin("the one that was to replace it failed to load");
        ESP_LOGE(TAG, "no other module can be loaded: %s: %s", hotreload_err_to_name(err),
                 report.message);
    }
}

/* The loaded module goes, or comes back when a task does not leave it. */
static esp_err_t unload(attempt_t *attempt, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    hr_current_switch_to_none("it is being replaced");
    hr_retire(old);
    if (hr_retire_free_within(old, UNLOAD_TIMEOUT_MS)) {
        return ESP_OK;
    }
    drop(attempt);
    hr_current_switch(old);
    return hr_reject(report, HOTRELOAD_ERR_TASK_INSIDE,
                     "a task was still inside module %" PRIu32 " after %u ms", old->number,
                     (unsigned)UNLOAD_TIMEOUT_MS);
}

/* From here on a failure cannot be undone, but by another load. */
static esp_err_t fill_the_gap(const hr_target_t *target, attempt_t *attempt, uint32_t hooks,
                              hr_report_t *report)
{
    esp_err_t err = place(attempt, report);
    if (err == ESP_OK) {
        err = hand_over(hooks, attempt, NULL, report);
        if (err != ESP_OK) {
            give_up(attempt);
        }
    }
    if (err == ESP_OK) {
        take(attempt);
    } else {
        fall_back(target, attempt, hooks, err);
    }
    return err;
}

static esp_err_t replace_unloaded_first(const hr_load_t *load, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    const hr_target_t target = old->target;
    attempt_t attempt;
    esp_err_t err = prepare(load, &attempt, report);
    if (err != ESP_OK) {
        return err;
    }
    uint32_t hooks = hr_hooks_begin();
    hr_hold_begin(&load->target);
    hr_hooks_run_pre(hooks);
    err = hr_hold_wait(old, report);
    if (err != ESP_OK) {
        drop(&attempt);
    } else {
        err = unload(&attempt, report);
        if (err == ESP_OK) {
            err = fill_the_gap(&target, &attempt, hooks, report);
        }
    }
    hr_hooks_run_post(hooks, err);
    hr_hold_end();
    return err;
}

esp_err_t hr_load_replace(const hr_load_t *load, hr_report_t *report)
{
    if (!UNLOAD_FIRST || hr_current_module() == NULL) {
        return replace_beside(load, report);
    }
    /* an update could write over the very module that a failure falls back to */
    esp_err_t err = hr_update_claim(report);
    if (err == ESP_OK) {
        err = replace_unloaded_first(load, report);
        hr_update_release();
    }
    return err;
}

esp_err_t hr_load_unload(hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    if (old == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "no module is loaded");
    }
    hr_current_switch_to_none("it was unloaded");
    hr_guard_release();
    hr_retire(old);
    hr_retire_free(old);
    return ESP_OK;
}

hr_exports_t hr_lifecycle_exports(void)
{
    const hr_module_t *module = hr_current_module();
    return module != NULL ? module->target.exports : (hr_exports_t) {0};
}

void hr_lifecycle_status(hr_lifecycle_status_t *status)
{
    hr_current_status_t current;
    hr_current_status(&current);
    *status = (hr_lifecycle_status_t) {
        .module = current.module,
        .size = current.size,
        .loads = current.loads,
        .text_address = current.text.run,
        .text_size = current.text.size,
        .data_address = current.data.run,
        .data_size = current.data.size,
    };
    portENTER_CRITICAL(&origin_lock);
    if (origin_module == current.module && origin.partition != NULL) {
        status->hash_known = true;
        memcpy(status->hash, origin.hash, sizeof(status->hash));
    }
    portEXIT_CRITICAL(&origin_lock);
}
