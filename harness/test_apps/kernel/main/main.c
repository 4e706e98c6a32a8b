/* SPDX-License-Identifier: MIT */
#include "esp_heap_caps.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "unity.h"
#include "waiting.h"

static UBaseType_t s_tasks;

void setUp(void)
{
    settle(); /* the idle task cleans up after those that have ended */
    s_tasks = uxTaskGetNumberOfTasks();
}

/* what a case leaves behind fails it */
void tearDown(void)
{
    settle();
    TEST_ASSERT_EQUAL_MESSAGE(s_tasks, uxTaskGetNumberOfTasks(), "tasks left behind");
    TEST_ASSERT_TRUE(heap_caps_check_integrity_all(true));
}

static void do_nothing(TimerHandle_t timer)
{
}

/* the timer task begins with the first timer, and stays: not a case's to leave behind */
static void start_timer_task(void)
{
    xTimerDelete(xTimerCreate("first", 1, pdFALSE, NULL, do_nothing), 0);
}

void app_main(void)
{
    start_timer_task();
    printf("reset reason %d\n", esp_reset_reason());
    unity_run_menu();
}
