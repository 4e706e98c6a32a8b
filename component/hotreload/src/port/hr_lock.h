/* SPDX-License-Identifier: MIT */
/* A recursive mutex that needs no initialization and no heap. */
#pragma once

#include <stdbool.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

typedef struct {
    SemaphoreHandle_t handle;
    StaticSemaphore_t storage;
} hr_lock_t;

void hr_lock_take(hr_lock_t *lock);
bool hr_lock_try(hr_lock_t *lock);
void hr_lock_give(hr_lock_t *lock);
