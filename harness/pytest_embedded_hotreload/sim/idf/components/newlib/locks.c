/* SPDX-License-Identifier: MIT */
/* the C library's locks, on mutexes of the kernel */
#include <stdlib.h>
#include <sys/lock.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

struct __lock {
    StaticSemaphore_t semaphore;
    SemaphoreHandle_t handle; /* made at first use: static locks have no constructor */
};

/* names are newlib's: __LOCK_INIT() in its sources declares them */
struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

static SemaphoreHandle_t handle_of(_LOCK_T lock)
{
    portENTER_CRITICAL_SAFE(NULL);
    if (!lock->handle) {
        lock->handle = xSemaphoreCreateRecursiveMutexStatic(&lock->semaphore);
    }
    portEXIT_CRITICAL_SAFE(NULL);
    return lock->handle;
}

static bool runs_alone(void)
{
    return xTaskGetSchedulerState() == taskSCHEDULER_NOT_STARTED;
}

static int acquire(_LOCK_T lock, TickType_t ticks)
{
    if (runs_alone()) {
        return 0;
    }
    if (xPortInIsrContext()) {
        abort(); /* an interrupt handler cannot wait for a task */
    }
    return xSemaphoreTakeRecursive(handle_of(lock), ticks) ? 0 : -1;
}

static void release(_LOCK_T lock)
{
    if (!runs_alone()) {
        xSemaphoreGiveRecursive(handle_of(lock));
    }
}

void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock));
    if (!*lock) {
        abort(); /* the callers have no way to report it */
    }
}

void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    acquire(lock, portMAX_DELAY);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return acquire(lock, 0);
}

void __retarget_lock_release(_LOCK_T lock)
{
    release(lock);
}

/* all locks are recursive */
void __retarget_lock_init_recursive(_LOCK_T *lock) __attribute__((alias("__retarget_lock_init")));
void __retarget_lock_close_recursive(_LOCK_T lock) __attribute__((alias("__retarget_lock_close")));
void __retarget_lock_acquire_recursive(_LOCK_T lock)
    __attribute__((alias("__retarget_lock_acquire")));
int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
    __attribute__((alias("__retarget_lock_try_acquire")));
void __retarget_lock_release_recursive(_LOCK_T lock)
    __attribute__((alias("__retarget_lock_release")));

/* ESP-IDF's: a lock is made at its first use */
static _LOCK_T made(_lock_t *lock)
{
    if (!*lock) {
        _LOCK_T fresh;
        __retarget_lock_init(&fresh);
        portENTER_CRITICAL_SAFE(NULL);
        if (!*lock) {
            *lock = fresh;
            fresh = NULL;
        }
        portEXIT_CRITICAL_SAFE(NULL);
        free(fresh);
    }
    return *lock;
}

void _lock_init(_lock_t *lock)
{
    *lock = NULL;
    made(lock);
}

void _lock_close(_lock_t *lock)
{
    free(*lock);
    *lock = NULL;
}

void _lock_acquire(_lock_t *lock)
{
    acquire(made(lock), portMAX_DELAY);
}

int _lock_try_acquire(_lock_t *lock)
{
    return acquire(made(lock), 0);
}

void _lock_release(_lock_t *lock)
{
    release(made(lock));
}

void _lock_init_recursive(_lock_t *lock) __attribute__((alias("_lock_init")));
void _lock_close_recursive(_lock_t *lock) __attribute__((alias("_lock_close")));
void _lock_acquire_recursive(_lock_t *lock) __attribute__((alias("_lock_acquire")));
int _lock_try_acquire_recursive(_lock_t *lock) __attribute__((alias("_lock_try_acquire")));
void _lock_release_recursive(_lock_t *lock) __attribute__((alias("_lock_release")));
