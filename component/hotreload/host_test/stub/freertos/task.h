/* SPDX-License-Identifier: MIT */
/* Time passes only when the one task waits; see tasks.h. */
#pragma once

#include "freertos/FreeRTOS.h"

typedef const char *TaskHandle_t; /* its name */

#define taskSCHEDULER_SUSPENDED 0
#define taskSCHEDULER_RUNNING 2

BaseType_t xTaskGetSchedulerState(void);
const char *pcTaskGetName(TaskHandle_t task);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
TaskHandle_t xTaskGetIdleTaskHandle(void);

/* The task runs when the test says so. */
BaseType_t xTaskCreate(void (*function)(void *), const char *name, uint32_t stack, void *argument,
                       UBaseType_t priority, TaskHandle_t *handle);
void vTaskDelete(TaskHandle_t task);

TickType_t xTaskGetTickCount(void);
void vTaskDelay(TickType_t ticks);

/* Whoever is to be woken has been, before he waits. */
static inline void xTaskNotifyGive(TaskHandle_t task)
{
    (void)task;
}

static inline uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks)
{
    (void)clear;
    (void)ticks;
    return 1;
}
