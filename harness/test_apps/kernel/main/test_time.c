/* SPDX-License-Identifier: MIT */
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "esp_rom_sys.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define US_PER_TICK (1000000 / configTICK_RATE_HZ)

/* late by what the host was busy with, never early */
static void delay(void *arg, TickType_t ticks)
{
    int64_t start = esp_timer_get_time();
    vTaskDelay(ticks);
    TEST_ASSERT_GREATER_OR_EQUAL((int)(ticks - 1) * US_PER_TICK,
                                 (int)(esp_timer_get_time() - start));
}

TEST_CASE("ticks and microseconds are the same time", "[time]")
{
    for (TickType_t ticks = 1; ticks <= 64; ticks *= 4) {
        assert_takes_ticks(ticks, delay, NULL);
        int64_t us = esp_timer_get_time();
        TickType_t now = xTaskGetTickCount();
        TEST_ASSERT_GREATER_OR_EQUAL((int)(us / US_PER_TICK), (int)now);
        TEST_ASSERT_LESS_OR_EQUAL((int)(esp_timer_get_time() / US_PER_TICK), (int)now);
    }
}

TEST_CASE("a task that delays until fixed times does not drift", "[time]")
{
    vTaskDelay(1);
    TickType_t start = xTaskGetTickCount();
    TickType_t wake = start;
    for (int i = 1; i <= 10; i++) {
        esp_rom_delay_us(3000); /* work of its own takes part of the period */
        xTaskDelayUntil(&wake, 2);
        TEST_ASSERT_EQUAL(start + 2 * i, wake);
        TEST_ASSERT_GREATER_OR_EQUAL(0, (int)(xTaskGetTickCount() - wake));
    }
    wake = xTaskGetTickCount() - 10;
    TEST_ASSERT_FALSE(xTaskDelayUntil(&wake, 5)); /* too late: no delay */
}

/* the tick count turns around at 2^32: moved there, everything has to go on */
static void move_tick_count_to(TickType_t ticks)
{
    xTaskCatchUpTicks(ticks - xTaskGetTickCount());
}

static void wait_over_wrap(void *arg)
{
    QueueHandle_t queue = arg;
    int value;
    TickType_t start = xTaskGetTickCount();
    TickType_t took = xQueueReceive(queue, &value, 45) ? 0 : xTaskGetTickCount() - start;
    xTaskNotify(xTaskGetHandle("main"), took, eSetValueWithOverwrite);
    vTaskDelete(NULL);
}

TEST_CASE("waits go across the turn of the tick count", "[time]")
{
    QueueHandle_t queue = xQueueCreate(1, sizeof(int));
    uint32_t took = 0;
    move_tick_count_to((TickType_t)-20);
    vTaskDelay(1);
    TickType_t start = xTaskGetTickCount();
    TickType_t wake = start;
    TEST_ASSERT_GREATER_THAN_UINT32(UINT32_MAX - 21, start);
    xTaskCreate(wait_over_wrap, "wrap", 2560, queue, 5, NULL);
    TEST_ASSERT_TRUE(xTaskDelayUntil(&wake, 40));
    TEST_ASSERT_GREATER_OR_EQUAL(40, xTaskGetTickCount() - start);
    TEST_ASSERT_LESS_THAN_UINT32(1000, xTaskGetTickCount());
    TEST_ASSERT_TRUE(xTaskNotifyWait(0, 0, &took, 100));
    TEST_ASSERT_GREATER_OR_EQUAL(45, took);
    TEST_ASSERT_LESS_THAN(1000, took);
    vTaskDelay(1);
    vQueueDelete(queue);
    move_tick_count_to((TickType_t)(esp_timer_get_time() / US_PER_TICK));
}

TEST_CASE("timeouts can be taken in steps", "[time]")
{
    TimeOut_t timeout;
    TickType_t left = 60;
    vTaskSetTimeOutState(&timeout);
    vTaskDelay(20);
    TEST_ASSERT_FALSE(xTaskCheckForTimeOut(&timeout, &left));
    TEST_ASSERT_LESS_OR_EQUAL_UINT32(40, left);
    TEST_ASSERT_GREATER_THAN_UINT32(0, left);
    vTaskDelay(left);
    TEST_ASSERT_TRUE(xTaskCheckForTimeOut(&timeout, &left));
    left = portMAX_DELAY;
    TEST_ASSERT_FALSE(xTaskCheckForTimeOut(&timeout, &left));
}

TEST_CASE("the time of day can be set and goes on", "[time]")
{
    struct timeval day = {.tv_sec = 1700000000, .tv_usec = 250000};
    TEST_ASSERT_EQUAL(0, settimeofday(&day, NULL));
    vTaskDelay(20);
    struct timeval now;
    TEST_ASSERT_EQUAL(0, gettimeofday(&now, NULL));
    int64_t passed = (now.tv_sec - day.tv_sec) * 1000000LL + now.tv_usec - day.tv_usec;
    TEST_ASSERT_GREATER_THAN(190000, (int)passed);
    TEST_ASSERT_LESS_THAN(2000000, (int)passed);
    TEST_ASSERT_INT_WITHIN(1, (int)now.tv_sec, (int)time(NULL));

    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    usleep(30000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    passed = (after.tv_sec - before.tv_sec) * 1000000LL + (after.tv_nsec - before.tv_nsec) / 1000;
    TEST_ASSERT_GREATER_OR_EQUAL(30000, (int)passed);

    int64_t start = esp_timer_get_time();
    esp_rom_delay_us(1500);
    TEST_ASSERT_GREATER_OR_EQUAL(1500, (int)(esp_timer_get_time() - start));
}

TEST_CASE("idle for three seconds", "[idle][ignore]")
{
    printf("idle begins\n");
    vTaskDelay(pdMS_TO_TICKS(3000));
    printf("idle ends\n");
}
