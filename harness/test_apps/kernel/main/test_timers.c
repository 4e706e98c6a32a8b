/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "unity.h"
#include "waiting.h"

static void count(TimerHandle_t timer)
{
    *(volatile int *)pvTimerGetTimerID(timer) += 1;
}

static void delete_itself(TimerHandle_t timer)
{
    count(timer);
    xTimerDelete(timer, 0);
}

TEST_CASE("software timers fire once or again and again", "[timers]")
{
    int once_calls = 0, reload_calls = 0;
    unsigned self_calls = 0;
    TimerHandle_t once = xTimerCreate("once", 50, pdFALSE, &once_calls, count);
    TimerHandle_t reload = xTimerCreate("reload", 3, pdTRUE, &reload_calls, count);
    TimerHandle_t self = xTimerCreate("self", 2, pdTRUE, &self_calls, delete_itself);
    TEST_ASSERT_FALSE(xTimerIsTimerActive(once));
    TickType_t start = xTaskGetTickCount();
    xTimerStart(once, 0);
    xTimerStart(reload, 0);
    xTimerStart(self, 0);
    TEST_ASSERT_TRUE(xTimerIsTimerActive(once));
    vTaskDelay(30);
    xTimerStop(reload, 0);
    int passed = (int)(xTaskGetTickCount() - start);
    TEST_ASSERT_INT_WITHIN(1, passed / 3, reload_calls);
    TEST_ASSERT_EQUAL(1, self_calls);
    xTimerReset(once, 0); /* puts it off */
    int calls = reload_calls;
    vTaskDelay(30);
    TEST_ASSERT_EQUAL(0, once_calls);
    TEST_ASSERT_EQUAL(calls, reload_calls);
    vTaskDelay(25);
    settle();
    TEST_ASSERT_EQUAL(1, once_calls);
    TEST_ASSERT_FALSE(xTimerIsTimerActive(once));
    TEST_ASSERT_EQUAL_STRING("once", pcTimerGetName(once));
    TEST_ASSERT_EQUAL(50, xTimerGetPeriod(once));
    xTimerDelete(once, 0);
    xTimerDelete(reload, 0);
}
