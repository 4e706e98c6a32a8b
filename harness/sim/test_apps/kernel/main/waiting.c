/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include "freertos/task.h"
#include "unity.h"

#define TRIES 50

void assert_takes_ticks(TickType_t ticks, void (*wait)(void *arg, TickType_t ticks), void *arg)
{
    TickType_t took = 0;
    for (int i = 0; i < TRIES && took != ticks; i++) {
        vTaskDelay(1); /* begin with a tick */
        TickType_t start = xTaskGetTickCount();
        wait(arg, ticks);
        took = xTaskGetTickCount() - start;
        TEST_ASSERT_GREATER_OR_EQUAL_UINT32(ticks, took);
    }
    TEST_ASSERT_EQUAL_UINT32(ticks, took);
}

void settle(void)
{
    UBaseType_t priority = uxTaskPriorityGet(NULL);
    vTaskPrioritySet(NULL, tskIDLE_PRIORITY);
    taskYIELD();
    taskYIELD(); /* the first may have come in the middle of a turn of the idle task */
    vTaskPrioritySet(NULL, priority);
}

void wait_for(volatile unsigned *value)
{
    for (int i = 0; i < 1000 && *value == 0; i++) {
        vTaskDelay(1);
    }
    TEST_ASSERT_NOT_EQUAL(0, *value);
}
