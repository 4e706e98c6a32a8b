/* SPDX-License-Identifier: MIT */
/* what the kernel's files share; everything here is called with interrupts masked */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "list.h"

typedef enum {
    NOTIFY_NONE,
    NOTIFY_WAITING,
    NOTIFY_RECEIVED,
} notify_state_t;

typedef struct tskTaskControlBlock {
    void *frame; /* XtExcFrame or XtSolFrame of a task that does not run */
    uint8_t *stack;
    uint8_t *stack_end; /* one past the last byte */
    kernel_node_t state_node; /* in a ready list, the sleepers, the suspended or the terminated */
    kernel_node_t event_node; /* in the list of waiters of what the task waits for */
    kernel_node_t all_node;
    uint64_t wake_tick;
    UBaseType_t number;
    uint8_t priority;      /* in force, maybe inherited */
    uint8_t base_priority; /* as set */
    bool suspended;
    bool timed_out;
    bool waits_for_notification;
    bool static_stack;
    bool static_tcb;
    kernel_list_t held_mutexes;
    struct QueueDefinition *waits_for_mutex;
    uint32_t event_bits; /* what a waiter at an event group wants, then what it got */
    uint8_t notify_state[configTASK_NOTIFICATION_ARRAY_ENTRIES];
    uint32_t notify_value[configTASK_NOTIFICATION_ARRAY_ENTRIES];
    void *tls[configNUM_THREAD_LOCAL_STORAGE_POINTERS];
    TlsDeleteCallbackFunction_t tls_callback[configNUM_THREAD_LOCAL_STORAGE_POINTERS];
    char name[configMAX_TASK_NAME_LEN];
    struct _reent reent;
} kernel_task_t;

_Static_assert(sizeof(StaticTask_t) >= sizeof(kernel_task_t), "StaticTask_t is too small");

#define STACK_FILL 0xa5
/* as much at the end of a stack has to stay untouched */
#define STACK_CANARY_SIZE 32

#define WAIT_FOREVER UINT64_MAX

extern kernel_task_t *volatile kernel_current;

bool kernel_is_running(void);

/* ticks since boot, without wrap */
uint64_t kernel_ticks(void);
/* the tick at which a wait of that many ticks ends */
uint64_t kernel_deadline(TickType_t ticks);

kernel_list_t *kernel_all_tasks(void);
kernel_list_t *kernel_terminated_tasks(void);
kernel_list_t *kernel_suspended_tasks(void);

void kernel_add_task(kernel_task_t *task);
void kernel_make_ready(kernel_task_t *task);
/* puts a task that waits in both its lists: sleeping until the tick, waiting in the list */
void kernel_wake(kernel_task_t *task, bool timed_out);
void kernel_wake_first(kernel_list_t *waiters);
void kernel_set_priority(kernel_task_t *task, UBaseType_t priority);
void kernel_request_yield(void);
bool kernel_is_yield_pending(void);
/* behind the other tasks of its priority */
void kernel_rotate(void);

/*
 * The current task waits until kernel_wake() or the tick; list may be NULL. Called in
 * exactly one level of critical section, which is left meanwhile. False: timed out.
 */
bool kernel_block(kernel_list_t *waiters, uint64_t until_tick);

/* out of all lists, so that it neither runs nor wakes */
void kernel_detach(kernel_task_t *task);
/* the current task leaves the core: detached and kept in the list */
void kernel_park_current(kernel_list_t *list);

bool kernel_is_ready(const kernel_task_t *task);
bool kernel_is_sleeping(const kernel_task_t *task);

/* for the idle task: sleeps until an interrupt unless there is something to do */
void kernel_idle_wait(void);

/* priority a task is entitled to: its own, or of the first waiter at a mutex it holds */
void kernel_update_inheritance(kernel_task_t *task);
/* mutexes of a task that ends are nobody's from then on */
void kernel_forget_mutexes(kernel_task_t *task);

void kernel_create_idle_task(void);

void kernel_enter(void);
void kernel_leave(void);
/* with interrupts masked, not nested: is a switch due that the core is free to make? */
bool kernel_yield_is_due(void);
/* nesting depth of critical sections */
unsigned kernel_critical_depth(void);
