/* SPDX-License-Identifier: MIT */
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

static portMUX_TYPE s_mux = portMUX_INITIALIZER_UNLOCKED;

static void set_flag(void *arg)
{
    *(volatile bool *)arg = true;
    vTaskDelete(NULL);
}

static void count_from_timer(void *arg)
{
    *(volatile unsigned *)arg += 1;
}

static void spin_us(int64_t us)
{
    int64_t start = esp_timer_get_time();
    while (esp_timer_get_time() - start < us) {
    }
}

TEST_CASE("nothing interrupts a critical section, at any depth", "[critical]")
{
    volatile unsigned fired = 0;
    esp_timer_handle_t timer;
    esp_timer_create_args_t args = {.callback = count_from_timer, .arg = (void *)&fired};
    esp_timer_create(&args, &timer);
    portENTER_CRITICAL(&s_mux);
    esp_timer_start_once(timer, 500);
    portENTER_CRITICAL(&s_mux);
    spin_us(3000);
    portEXIT_CRITICAL(&s_mux);
    unsigned fired_inside = fired;
    spin_us(3000);
    fired_inside |= fired;
    portEXIT_CRITICAL(&s_mux);
    TEST_ASSERT_EQUAL(0, fired_inside);
    wait_for(&fired);
    esp_timer_delete(timer);
}

TEST_CASE("a switch asked for in a critical section happens at its end", "[critical]")
{
    volatile bool ran = false;
    portENTER_CRITICAL_SAFE(&s_mux);
    xTaskCreate(set_flag, "high", TEST_STACK, (void *)&ran, 5, NULL);
    taskYIELD();
    bool ran_inside = ran;
    portEXIT_CRITICAL_SAFE(&s_mux);
    TEST_ASSERT_FALSE(ran_inside);
    TEST_ASSERT_TRUE(ran);
    vTaskDelay(1);
}

TEST_CASE("masked interrupts stay masked until they are restored", "[critical]")
{
    volatile bool ran = false;
    UBaseType_t mask = portSET_INTERRUPT_MASK_FROM_ISR();
    TEST_ASSERT_FALSE(xPortCanYield());
    xTaskCreate(set_flag, "high", TEST_STACK, (void *)&ran, 5, NULL);
    bool ran_inside = ran;
    portCLEAR_INTERRUPT_MASK_FROM_ISR(mask);
    TEST_ASSERT_FALSE(ran_inside);
    TEST_ASSERT_TRUE(ran);
    TEST_ASSERT_TRUE(xPortCanYield());
    TEST_ASSERT_FALSE(xPortInIsrContext());
    vTaskDelay(1);
}
