/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"

typedef struct {
    int depth;
} StaticSemaphore_t;

typedef StaticSemaphore_t *SemaphoreHandle_t;

static inline SemaphoreHandle_t xSemaphoreCreateRecursiveMutexStatic(StaticSemaphore_t *storage)
{
    return storage;
}

extern int semaphores_held; /* how often any was taken and not given yet */

static inline BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t semaphore, uint32_t ticks)
{
    (void)ticks;
    semaphore->depth++;
    semaphores_held++;
    return pdTRUE;
}

static inline BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t semaphore)
{
    semaphore->depth--;
    semaphores_held--;
    return pdTRUE;
}
