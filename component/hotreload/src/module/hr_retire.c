/* SPDX-License-Identifier: MIT */
#include "module/hr_retire.h"

#include <inttypes.h>
#include <stdlib.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module/hr_construct.h"
#include "module/hr_tasks.h"
#include "port/hr_context.h"
#include "port/hr_event.h"
#include "port/hr_lock.h"
#include "port/hr_trace.h"
#include "sdkconfig.h"

static hr_lock_t lock;
static hr_module_t *retired; /* the newest first */
static uint32_t waiting;
static esp_timer_handle_t reaper; /* runs while something is retired, or rests */

/* Nobody is inside any more; their destructors are for a task of the component to run. */
static hr_module_t *handed_over;
static bool is_task_there;

/* Nobody is inside any more; its memory stays for pointers that were taken from it. */
static hr_module_t *resting;
static int64_t resting_until;

/* both ways are always compiled */
#ifdef CONFIG_HOTRELOAD_RETIRE_GRACE_BYTES
#define GRACE_BYTES CONFIG_HOTRELOAD_RETIRE_GRACE_BYTES
#else
#define GRACE_BYTES 0
#endif

#define GRACE_US (CONFIG_HOTRELOAD_RETIRE_GRACE_MS * INT64_C(1000))
#define TICK_US (1000000 / configTICK_RATE_HZ)

/* A look at the tasks takes long when the other core does not let itself be held: between two of
   them this many times as long passes, so that it never costs a core. */
#define REST 8

/* Of the task that runs destructors: that of the server by default, from which they come otherwise. */
#define TASK_PRIORITY 5

static void free_module(hr_module_t *module)
{
    uint32_t number = module->number;
    uint32_t text = hr_place_first(&module->placement, HR_SEGMENT_TEXT)->run;
    uint32_t data = hr_place_first(&module->placement, HR_SEGMENT_DATA)->run;
    hr_module_free(module);
    free(module);
    hr_trace("free", "module=%" PRIu32 " text=0x%08" PRIx32 " data=0x%08" PRIx32, number, text,
             data);
    hr_event_retired(number);
}

static void free_resting(void)
{
    if (resting != NULL) {
        free_module(resting);
        resting = NULL;
    }
}

/* At most one rests. */
static void let_go(hr_module_t *module)
{
    if (GRACE_US == 0 || hr_module_memory(module) > GRACE_BYTES) {
        free_module(module);
        return;
    }
    free_resting();
    resting = module;
    resting_until = esp_timer_get_time() + GRACE_US;
}

static bool are_objects_gone(hr_module_t *module, bool seen)
{
    if (seen) {
        module->objects = HR_OBJECTS_SEEN;
    } else if (module->objects == HR_OBJECTS_SEEN) {
        module->objects = HR_OBJECTS_GONE;
        module->cleaned = hr_idle_now();
    }
    return module->objects == HR_OBJECTS_NONE
        || (module->objects == HR_OBJECTS_GONE && hr_idle_have_passed(&module->cleaned));
}

static bool is_left(hr_module_t *module)
{
    hr_tasks_t seen = hr_tasks_look(&module->placement);
    return are_objects_gone(module, seen.objects) && !seen.inside;
}

static void add(hr_module_t **list, hr_module_t *module)
{
    module->next_retired = *list;
    *list = module;
}

/* Frees what nobody is inside of, but for those whose destructors come before that: these are the
   caller's. */
static hr_module_t *take_left(void)
{
    hr_module_t *left = NULL;
    hr_module_t **place = &retired;
    if (esp_timer_get_time() >= resting_until) {
        free_resting();
    }
    while (*place != NULL) {
        hr_module_t *module = *place;
        if (!is_left(module)) {
            place = &module->next_retired;
            continue;
        }
        *place = module->next_retired;
        if (module->destructors.count > 0) {
            add(&left, module);
        } else {
            waiting--;
            let_go(module);
        }
    }
    return left;
}

static void start_reaper(int64_t begin)
{
    int64_t now = esp_timer_get_time();
    esp_timer_stop(reaper); /* fails when it does not run */
    if (retired != NULL || (handed_over != NULL && !is_task_there)) {
        int64_t rest = REST * (now - begin);
        esp_timer_start_once(reaper, (uint64_t)(rest > TICK_US ? rest : TICK_US));
    } else if (resting != NULL) {
        esp_timer_start_once(reaper, (uint64_t)(resting_until > now ? resting_until - now : 0));
    }
}

/* Takes `added` into the list, and what nobody is inside of out of it. */
static hr_module_t *exchange(hr_module_t *added)
{
    while (added != NULL) {
        hr_module_t *module = added;
        added = module->next_retired;
        add(&retired, module);
    }
    return take_left();
}

/* With no lock held: a destructor may call the component, and may wait for a task that does. It may
   also have left a task in the module, which therefore is looked at once more. */
static void finish(hr_module_t *left)
{
    while (left != NULL) {
        for (hr_module_t *module = left; module != NULL; module = module->next_retired) {
            hr_destruct(module);
        }
        hr_lock_take(&lock);
        int64_t begin = esp_timer_get_time();
        left = exchange(left);
        start_reaper(begin);
        hr_lock_give(&lock);
    }
}

static void finish_handed_over(void *arg)
{
    (void)arg;
    hr_module_t *left;
    do {
        hr_lock_take(&lock);
        left = handed_over;
        handed_over = NULL;
        is_task_there = left != NULL;
        hr_lock_give(&lock);
        finish(left);
    } while (left != NULL);
    vTaskDelete(NULL);
}

/* Without memory for the task the next tick tries again. */
static void hand_over(hr_module_t *left)
{
    while (left != NULL) {
        hr_module_t *module = left;
        left = module->next_retired;
        add(&handed_over, module);
    }
    if (handed_over != NULL && !is_task_there) {
        is_task_there = xTaskCreate(finish_handed_over, "hotreload",
                                    CONFIG_HOTRELOAD_DESTRUCTOR_STACK_SIZE, NULL, TASK_PRIORITY,
                                    NULL) == pdPASS;
    }
}

void hr_retire_collect(void)
{
    hr_lock_take(&lock);
    int64_t begin = esp_timer_get_time();
    hand_over(take_left());
    start_reaper(begin);
    hr_lock_give(&lock);
}

bool hr_retire_give_back(void)
{
    hr_lock_take(&lock);
    bool given = resting != NULL;
    free_resting();
    hr_lock_give(&lock);
    return given;
}

static void on_tick(void *arg)
{
    (void)arg;
    hr_retire_collect();
}

esp_err_t hr_retire_prepare(hr_report_t *report)
{
    const esp_timer_create_args_t timer = {
        .callback = on_tick,
        .name = "hotreload",
        .skip_unhandled_events = true,
    };
    if (reaper == NULL && esp_timer_create(&timer, &reaper) != ESP_OK) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for a timer");
    }
    return hr_idle_prepare(report);
}

void hr_retire(const hr_module_t *module)
{
    hr_trace("retire", "module=%" PRIu32, module->number);
}

void hr_retire_free(hr_module_t *module)
{
    hr_lock_take(&lock);
    module->next_retired = NULL;
    waiting++;
    int64_t begin = esp_timer_get_time();
    hr_module_t *left = exchange(module);
    if (hr_context_is_of_the_system()) {
        hand_over(left);
        left = NULL;
    }
    start_reaper(begin);
    hr_lock_give(&lock);
    finish(left);
}

void hr_retire_look(hr_module_t *module)
{
    hr_lock_take(&lock);
    (void)is_left(module);
    hr_lock_give(&lock);
}

/* One walk over the tasks at a time. */
static bool may_be_freed(hr_module_t *module)
{
    hr_lock_take(&lock);
    bool left = is_left(module);
    hr_lock_give(&lock);
    return left;
}

static bool others_inside(const hr_module_t *module)
{
    hr_lock_take(&lock);
    bool inside = hr_tasks_look(&module->placement).others;
    hr_lock_give(&lock);
    return inside;
}

static bool is_over(TickType_t start, uint32_t timeout_ms)
{
    return xTaskGetTickCount() - start >= pdMS_TO_TICKS(timeout_ms);
}

bool hr_retire_free_within(hr_module_t *module, uint32_t timeout_ms)
{
    TickType_t start = xTaskGetTickCount();
    while (!may_be_freed(module)) {
        if (is_over(start, timeout_ms)) {
            return false;
        }
        vTaskDelay(1);
    }
    hr_retire_free(module);
    (void)hr_retire_give_back();
    return true;
}

bool hr_retire_others_leave(const hr_module_t *module, uint32_t timeout_ms)
{
    TickType_t start = xTaskGetTickCount();
    while (others_inside(module)) {
        if (is_over(start, timeout_ms)) {
            return false;
        }
        vTaskDelay(1);
    }
    return true;
}

uint32_t hr_retire_waiting(void)
{
    return waiting;
}

esp_err_t hr_retire_explain(esp_err_t err, hr_report_t *report)
{
    if (err == ESP_ERR_NO_MEM && waiting > 0) {
        hr_report_t reason = *report;
        hr_reject(report, err, "%s; %" PRIu32 " old modules wait for tasks to leave them",
                  reason.message, waiting);
    }
    return err;
}
