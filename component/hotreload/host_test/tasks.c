/* SPDX-License-Identifier: MIT */
#include "tasks.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "arch/hr_hold.h"
#include "esp_freertos_hooks.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module/hr_tasks.h"
#include "port/hr_caller.h"

#define MODULES_MAX 8
#define TIMERS_MAX 2

struct esp_timer {
    esp_timer_create_args_t args;
    bool runs;
    bool by_tick; /* expires with the next tick, others when the clock says so */
    int64_t due;
};

static const hr_placement_t *inside[MODULES_MAX];
static uint32_t inside_count;
static uint32_t entering;
static uint32_t leaving; /* in so many ticks; 0: not */
static bool objects;
static esp_freertos_idle_cb_t idle_hook;
static bool caller_inside;
static const char caller[] = "task";
static const char *context = caller;
static bool caller_in_psram;
static TickType_t now;
static esp_timer_handle_t timers[TIMERS_MAX];
static uint32_t timer_count;

void tasks_enter(uint32_t count)
{
    entering = count;
}

void tasks_leave(void)
{
    assert(inside_count > 0);
    inside_count--;
    memmove(inside, inside + 1, inside_count * sizeof(inside[0]));
}

void tasks_lie_in(void)
{
    objects = true;
}

void tasks_clean_up(void)
{
    objects = false;
}

esp_err_t esp_register_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core)
{
    assert(core == 0 && idle_hook == NULL);
    idle_hook = hook;
    return ESP_OK;
}

void tasks_idle(void)
{
    bool waits = idle_hook();
    assert(waits);
}

BaseType_t xPortGetCoreID(void)
{
    return 0;
}

static struct {
    void (*function)(void *);
    void *argument;
    const char *name;
} created;
static bool creation_fails;
int semaphores_held;

BaseType_t xTaskCreate(void (*function)(void *), const char *name, uint32_t stack, void *argument,
                       UBaseType_t priority, TaskHandle_t *handle)
{
    (void)priority;
    assert(created.function == NULL && stack >= 1024 && handle == NULL);
    if (creation_fails) {
        return 0;
    }
    created.function = function;
    created.argument = argument;
    created.name = name;
    return pdPASS;
}

/* The last that the function does. */
void vTaskDelete(TaskHandle_t task)
{
    assert(task == NULL && created.function == NULL);
}

void tasks_run_created(void)
{
    void (*function)(void *) = created.function;
    const char *before = context;
    if (function != NULL) {
        created.function = NULL;
        context = created.name;
        function(created.argument);
        context = before;
    }
}

void tasks_fail_to_create(bool fails)
{
    creation_fails = fails;
}

void tasks_set_context(const char *name)
{
    context = strcmp(name, caller) == 0 ? caller : name; /* the same task each time */
}

static bool is_context(const char *name)
{
    return strcmp(context, name) == 0;
}

BaseType_t xPortInIsrContext(void)
{
    return is_context("isr");
}

BaseType_t xPortCanYield(void)
{
    return !is_context("masked");
}

BaseType_t xTaskGetSchedulerState(void)
{
    return is_context("suspended") ? taskSCHEDULER_SUSPENDED : taskSCHEDULER_RUNNING;
}

const char *pcTaskGetName(TaskHandle_t task)
{
    return task != NULL ? task : context;
}

TaskHandle_t xTaskGetIdleTaskHandle(void)
{
    return "IDLE0";
}

/* handles are compared by address */
TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return is_context("IDLE0") ? xTaskGetIdleTaskHandle() : context;
}

/* no call goes through a stub here */
void hr_hold_stub(void)
{
}

static bool is_inside(const hr_placement_t *placement)
{
    for (uint32_t i = 0; i < inside_count; i++) {
        if (inside[i] == placement) {
            return true;
        }
    }
    if (entering == 0) {
        return false;
    }
    entering--;
    assert(inside_count < MODULES_MAX);
    inside[inside_count++] = placement;
    return true;
}

hr_tasks_t hr_tasks_look(const hr_placement_t *placement)
{
    bool is_in = is_inside(placement);
    return (hr_tasks_t) {.inside = is_in, .others = is_in, .objects = objects};
}

void tasks_leave_after(uint32_t ticks)
{
    leaving = ticks;
}

void tasks_set_caller_inside(bool is_inside)
{
    caller_inside = is_inside;
}

bool hr_tasks_is_caller_inside(const hr_placement_t *placement)
{
    (void)placement;
    return caller_inside;
}

bool hr_tasks_is_caller_inside_any(void)
{
    return caller_inside;
}

void tasks_set_caller_in_psram(bool is_in_psram)
{
    caller_in_psram = is_in_psram;
}

bool hr_caller_is_in_psram(void)
{
    return caller_in_psram;
}

TickType_t xTaskGetTickCount(void)
{
    return now;
}

void vTaskDelay(TickType_t ticks)
{
    assert(ticks == 1);
    now++;
    if (leaving > 0 && --leaving == 0) {
        tasks_leave();
    }
}

static bool runs_by_tick(void)
{
    bool runs = false;
    for (uint32_t i = 0; i < timer_count; i++) {
        runs = runs || (timers[i]->runs && timers[i]->by_tick);
    }
    return runs;
}

bool tasks_tick(void)
{
    for (uint32_t i = 0; i < timer_count; i++) {
        struct esp_timer *timer = timers[i];
        if (timer->runs && (timer->by_tick || timer->due <= esp_timer_get_time())) {
            const char *before = context;
            timer->runs = false;
            context = "esp_timer";
            timer->args.callback(timer->args.arg);
            context = before;
        }
    }
    return runs_by_tick();
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *timer)
{
    assert(timer_count < TIMERS_MAX);
    *timer = calloc(1, sizeof(**timer));
    if (*timer == NULL) {
        return ESP_ERR_NO_MEM;
    }
    (*timer)->args = *args;
    timers[timer_count++] = *timer;
    return ESP_OK;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout)
{
    esp_err_t err = timer->runs ? ESP_ERR_INVALID_STATE : ESP_OK;
    timer->runs = true;
    timer->by_tick = timeout == 1000000 / configTICK_RATE_HZ;
    timer->due = esp_timer_get_time() + (int64_t)timeout;
    return err;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer)
{
    if (timer == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = timer->runs ? ESP_OK : ESP_ERR_INVALID_STATE;
    timer->runs = false;
    return err;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer)
{
    assert(!timer->runs);
    uint32_t i = 0;
    while (timers[i] != timer) {
        i++;
    }
    timers[i] = timers[--timer_count];
    free(timer);
    return ESP_OK;
}
