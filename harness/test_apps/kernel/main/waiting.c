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

/* until a turn of all others that no tick has cut short: on a busy host ticks come at once */
static void yield_for_a_turn(void)
{
    TickType_t start;
    do {
        start = xTaskGetTickCount();
        taskYIELD();
    } while (xTaskGetTickCount() != start);
}

void settle(void)
{
    UBaseType_t priority = uxTaskPriorityGet(NULL);
    vTaskPrioritySet(NULL, tskIDLE_PRIORITY);
    yield_for_a_turn();
    yield_for_a_turn(); /* the first may have come in the middle of one of the idle task's */
    vTaskPrioritySet(NULL, priority);
}

void wait_for(volatile unsigned *value)
{
    for (int i = 0; i < 1000 && *value == 0; i++) {
        vTaskDelay(1);
    }
    TEST_ASSERT_NOT_EQUAL(0, *value);
}
