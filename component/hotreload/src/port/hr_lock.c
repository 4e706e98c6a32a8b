/* SPDX-License-Identifier: MIT */
#include "port/hr_lock.h"

#include <stddef.h>

static portMUX_TYPE creating = portMUX_INITIALIZER_UNLOCKED;

static SemaphoreHandle_t handle_of(hr_lock_t *lock)
{
    portENTER_CRITICAL(&creating);
    if (lock->handle == NULL) {
        lock->handle = xSemaphoreCreateRecursiveMutexStatic(&lock->storage);
    }
    portEXIT_CRITICAL(&creating);
    return lock->handle;
}

void hr_lock_take(hr_lock_t *lock)
{
    xSemaphoreTakeRecursive(handle_of(lock), portMAX_DELAY);
}

bool hr_lock_try(hr_lock_t *lock)
{
    return xSemaphoreTakeRecursive(handle_of(lock), 0) == pdTRUE;
}

void hr_lock_give(hr_lock_t *lock)
{
    xSemaphoreGiveRecursive(lock->handle);
}
