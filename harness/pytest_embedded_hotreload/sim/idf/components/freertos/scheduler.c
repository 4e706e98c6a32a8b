/* SPDX-License-Identifier: MIT */
/*
 * Which task runs. There is no periodic tick: the tick count is computed from CCOUNT,
 * and the timer is set to the next tick at which something has to happen. A core with
 * nothing to do sleeps through all others.
 */
#include "kernel.h"

#include "esp_private/freertos_hooks.h"
#include "xt_utils.h"
#include "xtensa/xt_timer.h"

kernel_task_t *volatile kernel_current;

static kernel_list_t s_ready[configMAX_PRIORITIES];
static uint32_t s_ready_mask; /* bit n: s_ready[n] is not empty */
static kernel_list_t s_sleepers; /* by wake_tick */
static kernel_list_t s_suspended;
static kernel_list_t s_terminated;
static kernel_list_t s_all;
static bool s_initialized;
static bool s_running;
static bool s_yield_pending;
static unsigned s_suspend_depth;

static uint64_t s_ticks;
static uint64_t s_tick_cycles; /* when s_ticks began */
static uint32_t s_cycles_per_tick;
static uint64_t s_slice_tick; /* the tick of the last turn among equals */

static void init_once(void)
{
    if (s_initialized) {
        return;
    }
    s_initialized = true;
    for (int i = 0; i < configMAX_PRIORITIES; i++) {
        kernel_list_init(&s_ready[i]);
    }
    kernel_list_init(&s_sleepers);
    kernel_list_init(&s_suspended);
    kernel_list_init(&s_terminated);
    kernel_list_init(&s_all);
}

bool kernel_is_running(void)
{
    return s_running;
}

kernel_list_t *kernel_all_tasks(void)
{
    init_once();
    return &s_all;
}

kernel_list_t *kernel_terminated_tasks(void)
{
    return &s_terminated;
}

kernel_list_t *kernel_suspended_tasks(void)
{
    return &s_suspended;
}

/* time */

uint64_t kernel_ticks(void)
{
    if (s_running) {
        uint64_t passed = xt_timer_cycles() - s_tick_cycles;
        uint32_t ticks = passed < UINT32_MAX ? (uint32_t)passed / s_cycles_per_tick
                                             : (uint32_t)(passed / s_cycles_per_tick);
        s_ticks += ticks;
        s_tick_cycles += (uint64_t)ticks * s_cycles_per_tick;
    }
    return s_ticks;
}

uint64_t kernel_deadline(TickType_t ticks)
{
    return ticks == portMAX_DELAY ? WAIT_FOREVER : kernel_ticks() + ticks;
}

static uint64_t next_tick_of_interest(void)
{
    const kernel_task_t *sleeper = kernel_list_first(&s_sleepers);
    if (kernel_list_has_several(&s_ready[kernel_current->priority])) {
        return s_ticks + 1; /* end of the time slice */
    }
    return sleeper ? sleeper->wake_tick : WAIT_FOREVER;
}

static void set_alarm(void)
{
    kernel_ticks();
    uint64_t next = next_tick_of_interest();
    uint64_t at = XT_ALARM_NEVER;
    if (next != WAIT_FOREVER) {
        at = s_tick_cycles;
        if (next > s_ticks) {
            at += (next - s_ticks) * s_cycles_per_tick;
        }
    }
    xt_alarm_set(XT_ALARM_KERNEL, at);
}

static void on_tick(void)
{
    uint64_t now = kernel_ticks();
    kernel_task_t *sleeper = kernel_list_first(&s_sleepers);
    while (sleeper && sleeper->wake_tick <= now) {
        kernel_wake(sleeper, true);
        sleeper = kernel_list_first(&s_sleepers);
    }
    if (now != s_slice_tick && kernel_list_has_several(&s_ready[kernel_current->priority])) {
        s_slice_tick = now;
        kernel_rotate();
        kernel_request_yield();
    }
    /* the switch at the end of the interrupt sets the next alarm */
}

TickType_t xTaskGetTickCount(void)
{
    kernel_enter();
    TickType_t ticks = (TickType_t)kernel_ticks();
    kernel_leave();
    return ticks;
}

TickType_t xTaskGetTickCountFromISR(void)
{
    return xTaskGetTickCount();
}

BaseType_t xTaskCatchUpTicks(TickType_t ticks)
{
    kernel_enter();
    kernel_ticks();
    s_ticks += ticks;
    xt_alarm_set(XT_ALARM_KERNEL, xt_timer_cycles());
    kernel_leave();
    return pdFALSE;
}

/* ready lists */

void kernel_request_yield(void)
{
    s_yield_pending = true;
}

bool kernel_is_yield_pending(void)
{
    return s_yield_pending;
}

void kernel_make_ready(kernel_task_t *task)
{
    kernel_list_remove(&task->state_node);
    kernel_list_append(&s_ready[task->priority], &task->state_node);
    s_ready_mask |= 1u << task->priority;
    if (!s_running) {
        return;
    }
    if (task->priority > kernel_current->priority) {
        s_yield_pending = true;
    } else if (task->priority == kernel_current->priority) {
        set_alarm(); /* time slices begin */
    }
}

bool kernel_is_ready(const kernel_task_t *task)
{
    return task->state_node.list == &s_ready[task->priority];
}

static void leave_ready_list(kernel_task_t *task)
{
    kernel_list_remove(&task->state_node);
    if (kernel_list_is_empty(&s_ready[task->priority])) {
        s_ready_mask &= ~(1u << task->priority);
    }
}

void kernel_rotate(void)
{
    if (s_running && kernel_is_ready(kernel_current)) {
        kernel_list_remove(&kernel_current->state_node);
        kernel_list_append(&s_ready[kernel_current->priority], &kernel_current->state_node);
    }
}

void kernel_add_task(kernel_task_t *task)
{
    static UBaseType_t s_next_number = 1;

    init_once();
    task->number = s_next_number++;
    kernel_list_append(&s_all, &task->all_node);
    kernel_make_ready(task);
}

bool kernel_is_sleeping(const kernel_task_t *task)
{
    return task->state_node.list == &s_sleepers;
}

void kernel_detach(kernel_task_t *task)
{
    if (kernel_is_ready(task)) {
        leave_ready_list(task);
    } else {
        kernel_list_remove(&task->state_node);
    }
    kernel_list_remove(&task->event_node);
}

void kernel_park_current(kernel_list_t *list)
{
    configASSERT(s_suspend_depth == 0);
    kernel_detach(kernel_current);
    kernel_list_append(list, &kernel_current->state_node);
    s_yield_pending = true;
}

static kernel_task_t *highest_ready(void)
{
    return kernel_list_first(&s_ready[31 - __builtin_clz(s_ready_mask)]);
}

/* priorities */

static void insert_by_priority(kernel_list_t *waiters, kernel_task_t *task)
{
    KERNEL_LIST_FOREACH(node, waiters) {
        const kernel_task_t *other = node->owner;
        if (other->priority < task->priority) {
            kernel_list_insert_before(node, &task->event_node, waiters);
            return;
        }
    }
    kernel_list_append(waiters, &task->event_node);
}

void kernel_set_priority(kernel_task_t *task, UBaseType_t priority)
{
    if (task->priority == priority) {
        return;
    }
    if (kernel_is_ready(task)) {
        bool current = task == kernel_current;
        leave_ready_list(task);
        task->priority = (uint8_t)priority;
        s_ready_mask |= 1u << priority;
        if (current) {
            /* it runs, so it is the first of its new equals */
            kernel_list_t *ready = &s_ready[priority];
            kernel_list_insert_before(ready->end.next, &task->state_node, ready);
        } else {
            kernel_list_append(&s_ready[priority], &task->state_node);
        }
    } else {
        task->priority = (uint8_t)priority;
    }
    kernel_list_t *waiters = task->event_node.list;
    if (waiters) {
        kernel_list_remove(&task->event_node);
        insert_by_priority(waiters, task);
    }
    if (s_running) {
        s_yield_pending |= highest_ready() != kernel_current;
        set_alarm();
    }
}

/* waiting */

static void insert_sleeper(kernel_task_t *task)
{
    KERNEL_LIST_FOREACH(node, &s_sleepers) {
        const kernel_task_t *other = node->owner;
        if (other->wake_tick > task->wake_tick) {
            kernel_list_insert_before(node, &task->state_node, &s_sleepers);
            return;
        }
    }
    kernel_list_append(&s_sleepers, &task->state_node);
}

bool kernel_block(kernel_list_t *waiters, uint64_t until_tick)
{
    kernel_task_t *task = kernel_current;

    /* waiting with interrupts masked or the scheduler suspended would never end */
    configASSERT(!xt_in_interrupt());
    configASSERT(s_running);
    configASSERT(kernel_critical_depth() == 1);
    configASSERT(s_suspend_depth == 0);

    task->timed_out = false;
    task->wake_tick = until_tick;
    leave_ready_list(task);
    insert_sleeper(task);
    if (waiters) {
        insert_by_priority(waiters, task);
    }
    s_yield_pending = true;
    kernel_leave();
    kernel_enter();
    return !task->timed_out;
}

void kernel_wake(kernel_task_t *task, bool timed_out)
{
    task->timed_out = timed_out;
    kernel_list_remove(&task->event_node);
    kernel_make_ready(task);
}

void kernel_wake_first(kernel_list_t *waiters)
{
    kernel_task_t *task = kernel_list_first(waiters);
    if (task) {
        kernel_wake(task, false);
    }
}

/* switching */

bool kernel_yield_is_due(void)
{
    return s_yield_pending && s_running && s_suspend_depth == 0 && !xt_in_interrupt();
}

static bool stack_is_intact(const kernel_task_t *task)
{
    if ((uint8_t *)task->frame < task->stack + STACK_CANARY_SIZE ||
        (uint8_t *)task->frame >= task->stack_end) {
        return false;
    }
    const uint32_t *word = (const uint32_t *)(((uintptr_t)task->stack + 3) & ~3u);
    for (int i = 0; i < STACK_CANARY_SIZE / 4 - 1; i++) {
        if (word[i] != STACK_FILL * 0x01010101u) {
            return false;
        }
    }
    return true;
}

void *xt_kernel_switch(void *frame)
{
    kernel_current->frame = frame;
    if (s_yield_pending && s_suspend_depth == 0) {
        s_yield_pending = false;
#if configCHECK_FOR_STACK_OVERFLOW
        if (!stack_is_intact(kernel_current)) {
            vApplicationStackOverflowHook(kernel_current, kernel_current->name);
        }
#endif
        kernel_current = highest_ready();
    }
    set_alarm();
    return kernel_current->frame;
}

void kernel_idle_wait(void)
{
    uint32_t ps = xt_int_disable();
    if (kernel_list_is_empty(&s_terminated) && !s_yield_pending &&
        !kernel_list_has_several(&s_ready[tskIDLE_PRIORITY])) {
        xt_utils_wait_for_intr(); /* unmasks and waits in one instruction */
    }
    xt_int_restore(ps);
}

void vTaskSuspendAll(void)
{
    kernel_enter();
    s_suspend_depth++;
    kernel_leave();
}

BaseType_t xTaskResumeAll(void)
{
    kernel_enter();
    configASSERT(s_suspend_depth > 0);
    s_suspend_depth--;
    BaseType_t yielded = kernel_yield_is_due();
    kernel_leave();
    return yielded;
}

BaseType_t xTaskGetSchedulerState(void)
{
    if (!s_running) {
        return taskSCHEDULER_NOT_STARTED;
    }
    return s_suspend_depth > 0 ? taskSCHEDULER_SUSPENDED : taskSCHEDULER_RUNNING;
}

void vTaskStartScheduler(void)
{
    init_once();
    xt_int_disable();
    kernel_create_idle_task();
    s_cycles_per_tick = xt_timer_hz() / configTICK_RATE_HZ;
    /* ticks are counted from the start of the clock, as esp_timer_get_time() is */
    s_tick_cycles = 0;
    kernel_current = highest_ready();
    s_running = true;
    kernel_ticks();
    xt_alarm_set_handler(XT_ALARM_KERNEL, on_tick);
    set_alarm();
    xt_start_first(kernel_current->frame);
}
