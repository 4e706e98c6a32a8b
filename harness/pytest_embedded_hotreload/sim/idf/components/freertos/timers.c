/* SPDX-License-Identifier: MIT */
/* software timers: a list by expiry, and a task that sleeps until the first */
#include "freertos/timers.h"

#include <string.h>

#include "kernel.h"

typedef struct tmrTimerControl {
    kernel_node_t node; /* in s_active while it runs */
    uint64_t expiry;
    const char *name;
    TickType_t period;
    bool auto_reload;
    bool static_object;
    bool deleted; /* by its own callback */
    void *id;
    TimerCallbackFunction_t callback;
} kernel_timer_t;

_Static_assert(sizeof(StaticTimer_t) >= sizeof(kernel_timer_t), "StaticTimer_t is too small");

static kernel_list_t s_active;
static TaskHandle_t s_task;
static kernel_timer_t *s_in_callback;

/* critical section held */
static void insert(kernel_timer_t *timer)
{
    KERNEL_LIST_FOREACH(node, &s_active) {
        const kernel_timer_t *other = node->owner;
        if (other->expiry > timer->expiry) {
            kernel_list_insert_before(node, &timer->node, &s_active);
            return;
        }
    }
    kernel_list_append(&s_active, &timer->node);
}

static void release(kernel_timer_t *timer)
{
    if (!timer->static_object) {
        vPortFree(timer);
    }
}

/* takes the first timer that is due and sets it up for its next turn */
static kernel_timer_t *take_due(void)
{
    kernel_enter();
    kernel_timer_t *timer = kernel_list_first(&s_active);
    if (timer && timer->expiry > kernel_ticks()) {
        timer = NULL;
    }
    if (timer) {
        kernel_list_remove(&timer->node);
        if (timer->auto_reload) {
            timer->expiry += timer->period;
            insert(timer);
        }
    }
    s_in_callback = timer;
    kernel_leave();
    return timer;
}

static void end_callback(kernel_timer_t *timer)
{
    kernel_enter();
    s_in_callback = NULL;
    bool deleted = timer->deleted;
    kernel_leave();
    if (deleted) {
        release(timer);
    }
}

static TickType_t ticks_to_first(void)
{
    kernel_enter();
    const kernel_timer_t *timer = kernel_list_first(&s_active);
    uint64_t now = kernel_ticks();
    TickType_t ticks = portMAX_DELAY;
    if (timer) {
        ticks = timer->expiry > now ? (TickType_t)(timer->expiry - now) : 0;
    }
    kernel_leave();
    return ticks;
}

static void timer_task(void *arg)
{
    (void)arg;
    for (;;) {
        kernel_timer_t *timer;
        while ((timer = take_due())) {
            timer->callback(timer);
            end_callback(timer);
        }
        ulTaskNotifyTake(pdTRUE, ticks_to_first());
    }
}

static bool start_task_once(void)
{
    if (!s_task) {
        kernel_list_init(&s_active);
        xTaskCreate(timer_task, "Tmr Svc", configTIMER_TASK_STACK_DEPTH, NULL,
                    configTIMER_TASK_PRIORITY, &s_task);
    }
    return s_task != NULL;
}

static void init_timer(kernel_timer_t *timer, const char *name, TickType_t period,
                       BaseType_t auto_reload, void *id, TimerCallbackFunction_t callback)
{
    configASSERT(period > 0 && callback);
    *timer = (kernel_timer_t){
        .node.owner = timer,
        .name = name,
        .period = period,
        .auto_reload = auto_reload,
        .id = id,
        .callback = callback,
    };
}

TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t auto_reload, void *id,
                           TimerCallbackFunction_t callback)
{
    kernel_timer_t *timer = start_task_once() ? pvPortMalloc(sizeof(*timer)) : NULL;
    if (timer) {
        init_timer(timer, name, period, auto_reload, id, callback);
    }
    return timer;
}

TimerHandle_t xTimerCreateStatic(const char *name, TickType_t period, BaseType_t auto_reload,
                                 void *id, TimerCallbackFunction_t callback, StaticTimer_t *object)
{
    configASSERT(object);
    if (!start_task_once()) {
        return NULL;
    }
    kernel_timer_t *timer = (kernel_timer_t *)object;
    init_timer(timer, name, period, auto_reload, id, callback);
    timer->static_object = true;
    return timer;
}

BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks)
{
    (void)ticks;
    configASSERT(timer && period > 0);
    kernel_enter();
    kernel_list_remove(&timer->node);
    timer->period = period;
    timer->expiry = kernel_ticks() + period;
    insert(timer);
    kernel_leave();
    vTaskNotifyGiveFromISR(s_task, NULL); /* also from tasks: it does not wait */
    return pdPASS;
}

BaseType_t xTimerReset(TimerHandle_t timer, TickType_t ticks)
{
    configASSERT(timer);
    return xTimerChangePeriod(timer, timer->period, ticks);
}

BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks)
{
    return xTimerReset(timer, ticks);
}

BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks)
{
    (void)ticks;
    configASSERT(timer);
    kernel_enter();
    kernel_list_remove(&timer->node);
    kernel_leave();
    return pdPASS;
}

BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks)
{
    xTimerStop(timer, ticks);
    kernel_enter();
    bool in_use = s_in_callback == timer;
    timer->deleted = true;
    kernel_leave();
    if (!in_use) {
        release(timer);
    }
    return pdPASS;
}

BaseType_t xTimerIsTimerActive(TimerHandle_t timer)
{
    return timer->node.list != NULL;
}

void *pvTimerGetTimerID(TimerHandle_t timer)
{
    return timer->id;
}

void vTimerSetTimerID(TimerHandle_t timer, void *id)
{
    timer->id = id;
}

const char *pcTimerGetName(TimerHandle_t timer)
{
    return timer->name;
}

TickType_t xTimerGetPeriod(TimerHandle_t timer)
{
    return timer->period;
}

TickType_t xTimerGetExpiryTime(TimerHandle_t timer)
{
    return (TickType_t)timer->expiry;
}

TaskHandle_t xTimerGetTimerDaemonTaskHandle(void)
{
    return s_task;
}
