/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_load.h"

#include <inttypes.h>
#include <string.h>

#include "esp_log.h"
#include "flash/hr_pending.h"
#include "flash/hr_store.h"
#include "hotreload.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_passed.h"
#include "lifecycle/hr_trial.h"
#include "lifecycle/hr_update.h"
#include "module/hr_construct.h"
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

/* Where the last module from flash came from, to find a way back. */
static const esp_partition_t *last_partition;

/* A module on its way in. */
typedef struct {
    const hr_target_t *target;
    hr_store_view_t view; /* where it lies; in RAM its origin has no partition */
    hr_image_t image;     /* reads in the view */
    hr_module_t *module;  /* checked, then placed */
} attempt_t;

/* The modules to try, the newest first; from RAM it is one. */
typedef struct {
    const hr_load_t *load;
    hr_store_t store;
    hr_candidates_t candidates;
    bool is_used_up; /* in RAM */
} source_t;

static bool is_from_flash(const attempt_t *attempt)
{
    return attempt->view.origin.partition != NULL;
}

static esp_err_t open_source(source_t *source, const hr_load_t *load, hr_report_t *report)
{
    *source = (source_t) {.load = load};
    if (load->label == NULL) {
        return ESP_OK;
    }
    esp_err_t err = hr_store_open(&source->store, load->label, report);
    if (err == ESP_OK) {
        err = hr_candidates_begin(&source->candidates, &source->store, report);
    }
    if (err == ESP_OK) {
        hr_passed_begin();
        source->candidates.passed = hr_passed_add;
    }
    return err;
}

static bool is_left_out(const hr_load_t *load, const hr_origin_t *origin)
{
    const hr_origin_t *without = load->without;
    return without != NULL && without->partition == origin->partition
        && without->slot == origin->slot && without->sequence == origin->sequence
        && memcmp(without->hash, origin->hash, sizeof(origin->hash)) == 0;
}

/* Of what was passed over, the first error says more than that nothing is left; not where another one
   than a certain one is asked for, with which nothing may be wrong. */
static esp_err_t explain(const source_t *source, esp_err_t err, hr_report_t *report)
{
    bool is_nothing_passed = source->candidates.first_error == ESP_OK;
    if (err != HOTRELOAD_ERR_NO_MODULE) {
        return err;
    }
    if (source->load->without != NULL) {
        return is_nothing_passed ? hr_reject(report, err, "no module: partition %s has no other",
                                             source->store.partition->label)
                                 : err;
    }
    if (!is_nothing_passed) {
        *report = source->candidates.first_report;
        return source->candidates.first_error;
    }
    return err;
}

static esp_err_t map_next(source_t *source, attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = hr_candidates_next(&source->candidates, &attempt->view, report);
    if (err == ESP_OK && is_left_out(source->load, &attempt->view.origin)) {
        hr_store_unmap(&attempt->view);
        err = hr_candidates_next(&source->candidates, &attempt->view, report);
    }
    return explain(source, err, report);
}

static esp_err_t next(source_t *source, attempt_t *attempt, hr_report_t *report)
{
    const hr_load_t *load = source->load;
    *attempt = (attempt_t) {.target = &load->target};
    if (load->label != NULL) {
        return map_next(source, attempt, report);
    }
    if (source->is_used_up) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "there is no other module in RAM");
    }
    source->is_used_up = true;
    attempt->view = (hr_store_view_t) {.data = load->data, .size = load->size};
    return ESP_OK;
}

static void close_view(attempt_t *attempt)
{
    if (is_from_flash(attempt)) {
        hr_store_unmap(&attempt->view);
    }
}

/* The three below leave nothing when they fail. */
static esp_err_t check(attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = hr_stage_check(&attempt->module, &attempt->image, attempt->view.data,
                                   attempt->view.size, attempt->target, report);
    if (err != ESP_OK) {
        close_view(attempt);
    }
    return err;
}

/* By which a reader of the console finds its ELF. */
static uint32_t mark_of(const hr_origin_t *origin)
{
    const uint8_t *hash = origin->hash;
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

/* A start is marked in flash before anything of the module runs, which its constructors are first. */
static esp_err_t place(attempt_t *attempt, hr_report_t *report)
{
    attempt->module->mark = mark_of(&attempt->view.origin);
    esp_err_t err = hr_stage_place(attempt->module, &attempt->image, hr_current_next_number(),
                                   report);
    close_view(attempt);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_trial_begin(&attempt->view.origin, report);
    if (err != ESP_OK) {
        hr_stage_remove(attempt->module);
        return err;
    }
    hr_construct(attempt->module);
    return ESP_OK;
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
}

/* The first one that can be loaded. None: the reason is that of the newest. */
static esp_err_t find(source_t *source, attempt_t *attempt, hr_report_t *report)
{
    esp_err_t err = next(source, attempt, report);
    while (err == ESP_OK) {
        err = check_and_place(attempt, report);
        if (err == ESP_OK || !is_from_flash(attempt)) {
            return err;
        }
        hr_candidates_pass(&source->candidates, &attempt->view, err, report);
        err = next(source, attempt, report);
    }
    return err;
}

/* Nothing can fail any more. */
static void take(const attempt_t *attempt)
{
    const hr_origin_t *origin = &attempt->view.origin;
    hr_current_switch(attempt->module);
    hr_trial_run(origin, attempt->module->number);
    if (origin->partition != NULL) {
        last_partition = origin->partition;
        hr_pending_taken(origin->partition, origin->sequence);
    }
}

esp_err_t hr_load_first(const hr_load_t *load, hr_report_t *report)
{
    source_t source;
    attempt_t attempt;
    esp_err_t err = open_source(&source, load, report);
    if (err == ESP_OK) {
        err = find(&source, &attempt, report);
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
        return find(&source, attempt, report);
    }
    err = next(&source, attempt, report);
    return err == ESP_OK ? check_and_place(attempt, report) : err;
}

/* The new module does not get its turn. A hook may have started tasks in it. */
static hr_module_t *give_up(const attempt_t *attempt)
{
    hr_trial_cancel(&attempt->view.origin);
    hr_retire(attempt->module);
    return attempt->module;
}

static esp_err_t hand_over(uint32_t hooks, const attempt_t *attempt, const hr_module_t *old,
                           hr_report_t *report)
{
    const hotreload_handover_t handover = {.next = attempt->module, .old = old};
    return hr_hooks_run_handover(hooks, &handover, report);
}

/* Both modules are in memory: what fails leaves the old one. */
static esp_err_t replace_beside(const hr_load_t *load, hr_module_t **leaving, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    attempt_t attempt;
    esp_err_t err = stage(load, &attempt, report);
    if (err != ESP_OK) {
        return err;
    }
    if (old != NULL) {
        hr_retire_look(old);
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
        *leaving = old;
    } else {
        *leaving = give_up(&attempt);
    }
    hr_hooks_run_post(hooks, err);
    hr_hold_end();
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
static esp_err_t find_other(const hr_load_t *load, attempt_t *attempt, uint32_t hooks,
                            hr_report_t *report)
{
    source_t source;
    hr_report_t refusal;
    if (load->label == NULL) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module has come from flash");
    }
    esp_err_t err = open_source(&source, load, report);
    if (err == ESP_OK) {
        err = find(&source, attempt, report);
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
    const hr_origin_t *origin = &failed->view.origin;
    const esp_partition_t *partition = origin->partition != NULL ? origin->partition
                                                                 : last_partition;
    const hr_load_t back = {
        .target = *target,
        .label = partition != NULL ? partition->label : NULL,
        .without = origin->partition != NULL ? origin : NULL,
    };
    hr_trace("fallback", "code=0x%x name=%s", (unsigned)why, hotreload_err_to_name(why));
    if (origin->partition != NULL) {
        /* it had its turn: who reloads when an update waits would unload the next one for it */
        hr_pending_taken(origin->partition, origin->sequence);
    }
    esp_err_t err = find_other(&back, &attempt, hooks, &report);
    if (err == ESP_OK) {
        take(&attempt);
        ESP_LOGW(TAG, "another module in flash is used: module %" PRIu32, hr_current_number());
    } else {
        hr_trial_end();
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
            hr_retire_free(give_up(attempt));
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
    hr_retire_look(old);
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

esp_err_t hr_load_replace(const hr_load_t *load, hr_module_t **leaving, hr_report_t *report)
{
    *leaving = NULL;
    if (!UNLOAD_FIRST || hr_current_module() == NULL) {
        return replace_beside(load, leaving, report);
    }
    /* an update could write over the very module that a failure falls back to */
    esp_err_t err = hr_update_claim(report);
    if (err == ESP_OK) {
        err = replace_unloaded_first(load, report);
        hr_update_release();
    }
    return err;
}

esp_err_t hr_load_unload(hr_module_t **leaving, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    *leaving = old;
    if (old == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "no module is loaded");
    }
    hr_current_switch_to_none("it was unloaded");
    hr_trial_end();
    hr_retire(old);
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
    const hr_origin_t origin = hr_trial_origin_of(current.module);
    if (origin.partition != NULL) {
        status->hash_known = true;
        memcpy(status->hash, origin.hash, sizeof(status->hash));
    }
}
