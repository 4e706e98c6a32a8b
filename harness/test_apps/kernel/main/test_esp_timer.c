/* SPDX-License-Identifier: MIT */
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

typedef struct {
    esp_timer_handle_t timer;
    volatile unsigned calls;
    volatile int64_t at;
} counter_t;

static void count(void *arg)
{
    counter_t *counter = arg;
    counter->calls++;
    counter->at = esp_timer_get_time();
}

static void delete_itself(void *arg)
{
    counter_t *counter = arg;
    counter->calls++;
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_delete(counter->timer));
}

static void create(counter_t *counter, esp_timer_cb_t callback)
{
    esp_timer_create_args_t args = {.callback = callback, .arg = counter, .name = "test"};
    *counter = (counter_t){0};
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_create(&args, &counter->timer));
}

TEST_CASE("a one-shot timer fires once, after its time", "[esp_timer]")
{
    counter_t counter;
    create(&counter, count);
    static const int delays[] = {1, 100, 1000, 7777, 30000};
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        int64_t start = esp_timer_get_time();
        counter.calls = 0;
        TEST_ASSERT_EQUAL(ESP_OK, esp_timer_start_once(counter.timer, delays[i]));
        wait_for(&counter.calls);
        vTaskDelay(1);
        TEST_ASSERT_EQUAL(1, counter.calls);
        TEST_ASSERT_GREATER_OR_EQUAL(delays[i], (int)(counter.at - start));
        TEST_ASSERT_FALSE(esp_timer_is_active(counter.timer));
    }
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, esp_timer_stop(counter.timer));
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_delete(counter.timer));
}

TEST_CASE("a timer that runs can be stopped, not started or deleted", "[esp_timer]")
{
    counter_t counter;
    create(&counter, count);
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_start_once(counter.timer, 100000000));
    TEST_ASSERT_TRUE(esp_timer_is_active(counter.timer));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, esp_timer_start_once(counter.timer, 1));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, esp_timer_delete(counter.timer));
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_stop(counter.timer));
    TEST_ASSERT_FALSE(esp_timer_is_active(counter.timer));
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_delete(counter.timer));
}

TEST_CASE("a periodic timer keeps its rate until it is stopped", "[esp_timer]")
{
    counter_t counter;
    uint64_t period;
    create(&counter, count);
    int64_t start = esp_timer_get_time();
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_start_periodic(counter.timer, 2000));
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_get_period(counter.timer, &period));
    TEST_ASSERT_EQUAL(2000, period);
    vTaskDelay(20);
    int least = (int)((esp_timer_get_time() - start) / 2000) - 1;
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_stop(counter.timer));
    int most = (int)((esp_timer_get_time() - start) / 2000);
    TEST_ASSERT_GREATER_OR_EQUAL(least, (int)counter.calls);
    TEST_ASSERT_LESS_OR_EQUAL(most, (int)counter.calls);
    unsigned calls = counter.calls;
    vTaskDelay(2);
    TEST_ASSERT_EQUAL(calls, counter.calls);
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_delete(counter.timer));
}

typedef struct {
    volatile unsigned calls;
    int64_t first;
    int64_t third_due;
} late_t;

/* the first call lasts for four and a half periods of 10 ms */
static void be_late(void *arg)
{
    late_t *late = arg;
    if (late->calls == 0) {
        late->first = esp_timer_get_time();
        while (esp_timer_get_time() < late->first + 45000) {
        }
    } else if (late->calls == 1) {
        late->third_due = esp_timer_get_next_alarm();
    }
    late->calls++;
}

TEST_CASE("what a periodic timer has missed is made up for, or skipped", "[esp_timer]")
{
    for (int skips = 0; skips < 2; skips++) {
        static late_t late;
        late = (late_t){0};
        esp_timer_handle_t timer;
        esp_timer_create_args_t args = {
            .callback = be_late, .arg = &late, .skip_unhandled_events = skips == 1};
        TEST_ASSERT_EQUAL(ESP_OK, esp_timer_create(&args, &timer));
        TEST_ASSERT_EQUAL(ESP_OK, esp_timer_start_periodic(timer, 10000));
        while (late.calls < 2) {
            vTaskDelay(1);
        }
        TEST_ASSERT_EQUAL(ESP_OK, esp_timer_stop(timer));
        TEST_ASSERT_EQUAL(ESP_OK, esp_timer_delete(timer));
        /* a period after the second call, not at the next of the old times */
        int third = (int)(late.third_due - late.first);
        if (skips) {
            TEST_ASSERT_GREATER_OR_EQUAL(55000, third);
        } else {
            TEST_ASSERT_LESS_OR_EQUAL(20000, third);
        }
    }
}

TEST_CASE("a timer may be deleted in its callback, or restarted", "[esp_timer]")
{
    counter_t counter;
    create(&counter, delete_itself);
    esp_timer_start_once(counter.timer, 100);
    wait_for(&counter.calls);

    create(&counter, count);
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, esp_timer_restart(counter.timer, 100));
    esp_timer_start_once(counter.timer, 100000000);
    int64_t start = esp_timer_get_time();
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_restart(counter.timer, 40000));
    wait_for(&counter.calls);
    TEST_ASSERT_GREATER_OR_EQUAL(40000, (int)(counter.at - start));
    esp_timer_delete(counter.timer);
}

TEST_CASE("many timers fire in the order of their times", "[esp_timer]")
{
    enum { TIMERS = 20 };
    counter_t counters[TIMERS];
    uint64_t expiry[TIMERS];
    for (int i = 0; i < TIMERS; i++) {
        create(&counters[i], count);
    }
    portENTER_CRITICAL(NULL); /* none fires before all are started */
    for (int i = 0; i < TIMERS; i++) {
        esp_timer_start_once(counters[i].timer, 1000 + i * 7 % TIMERS * 200);
        esp_timer_get_expiry_time(counters[i].timer, &expiry[i]);
    }
    portEXIT_CRITICAL(NULL);
    vTaskDelay(4);
    for (int i = 0; i < TIMERS; i++) {
        TEST_ASSERT_EQUAL(1, counters[i].calls);
        TEST_ASSERT_TRUE(counters[i].at >= (int64_t)expiry[i]);
        for (int j = 0; j < i; j++) {
            TEST_ASSERT_TRUE((counters[j].at <= counters[i].at) == (expiry[j] <= expiry[i]));
        }
    }
    for (int i = 0; i < TIMERS; i++) {
        esp_timer_delete(counters[i].timer);
    }
}

TEST_CASE("wrong arguments of timers are refused", "[esp_timer]")
{
    esp_timer_handle_t timer;
    esp_timer_create_args_t args = {0};
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG, esp_timer_create(NULL, &timer));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG, esp_timer_create(&args, &timer));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG, esp_timer_start_once(NULL, 1));
    TEST_ASSERT_FALSE(esp_timer_is_active(NULL));
}
