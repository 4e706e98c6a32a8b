/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

TEST_CASE("notifications count, set bits and set values", "[notifications]")
{
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    uint32_t value;

    TEST_ASSERT_EQUAL(0, ulTaskNotifyTake(pdTRUE, 0));
    xTaskNotifyGive(self);
    xTaskNotifyGive(self);
    TEST_ASSERT_EQUAL(2, ulTaskNotifyTake(pdFALSE, 0)); /* counts down by one */
    TEST_ASSERT_EQUAL(1, ulTaskNotifyTake(pdTRUE, 0));
    TEST_ASSERT_EQUAL(0, ulTaskNotifyTake(pdTRUE, 0));

    xTaskNotify(self, 0x5, eSetBits);
    xTaskNotify(self, 0x8, eSetBits);
    TEST_ASSERT_TRUE(xTaskNotifyWait(0, 0x1, &value, 0));
    TEST_ASSERT_EQUAL_HEX32(0xd, value);
    TEST_ASSERT_FALSE(xTaskNotifyWait(0x4, 0, &value, 0)); /* clears on entry, nothing came */
    TEST_ASSERT_EQUAL_HEX32(0x8, value);

    TEST_ASSERT_TRUE(xTaskNotify(self, 100, eSetValueWithoutOverwrite));
    TEST_ASSERT_FALSE(xTaskNotify(self, 200, eSetValueWithoutOverwrite));
    uint32_t previous;
    TEST_ASSERT_TRUE(xTaskNotifyAndQuery(self, 300, eSetValueWithOverwrite, &previous));
    TEST_ASSERT_EQUAL(100, previous);
    TEST_ASSERT_TRUE(xTaskNotifyWait(0, UINT32_MAX, &value, 0));
    TEST_ASSERT_EQUAL(300, value);

    xTaskNotify(self, 0, eNoAction);
    TEST_ASSERT_TRUE(xTaskNotifyStateClear(self));
    TEST_ASSERT_FALSE(xTaskNotifyStateClear(self));
    xTaskNotify(self, 0x30, eSetBits);
    TEST_ASSERT_EQUAL_HEX32(0x30, ulTaskNotifyValueClear(self, 0x10));
    TEST_ASSERT_TRUE(xTaskNotifyWait(0, UINT32_MAX, &value, 0));
    TEST_ASSERT_EQUAL_HEX32(0x20, value);
}

TEST_CASE("notifications of one index do not touch another", "[notifications]")
{
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    xTaskNotifyGiveIndexed(self, 1);
    TEST_ASSERT_EQUAL(0, ulTaskNotifyTakeIndexed(0, pdTRUE, 1));
    TEST_ASSERT_EQUAL(1, ulTaskNotifyTakeIndexed(1, pdTRUE, 0));
}

static void answer(void *arg)
{
    uint32_t value;
    for (;;) {
        xTaskNotifyWait(0, UINT32_MAX, &value, portMAX_DELAY);
        xTaskNotify((TaskHandle_t)arg, value * 2, eSetValueWithOverwrite);
    }
}

TEST_CASE("tasks talk by notifications", "[notifications]")
{
    TaskHandle_t task;
    xTaskCreate(answer, "answer", TEST_STACK, xTaskGetCurrentTaskHandle(), 5, &task);
    for (uint32_t i = 1; i < 2000; i++) {
        uint32_t value = 0;
        xTaskNotify(task, i, eSetValueWithOverwrite);
        TEST_ASSERT_TRUE(xTaskNotifyWait(0, UINT32_MAX, &value, portMAX_DELAY));
        TEST_ASSERT_EQUAL(2 * i, value);
    }
    vTaskDelete(task);
}

static void take_nothing(void *arg, TickType_t ticks)
{
    TEST_ASSERT_EQUAL(0, ulTaskNotifyTake(pdTRUE, ticks));
}

static void wait_for_nothing(void *arg, TickType_t ticks)
{
    TEST_ASSERT_FALSE(xTaskNotifyWait(0, 0, NULL, ticks));
}

static volatile unsigned taken;

static void take_one(void *arg)
{
    *(volatile uint32_t *)arg = ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    taken++;
    vTaskDelete(NULL);
}

TEST_CASE("a notification without a value ends the wait for one", "[notifications]")
{
    static volatile uint32_t value;
    TaskHandle_t task;
    taken = 0;
    value = 1;
    TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(take_one, "take", TEST_STACK, (void *)&value,
                                          uxTaskPriorityGet(NULL) + 1, &task));
    TEST_ASSERT_EQUAL(0, taken);
    xTaskNotify(task, 0, eNoAction);
    bool has_ended = taken == 1;
    if (!has_ended) {
        xTaskNotifyGive(task);
    }
    TEST_ASSERT_TRUE(has_ended);
    TEST_ASSERT_EQUAL(0, value);
}

TEST_CASE("waits for a notification time out after the ticks asked for", "[notifications]")
{
    for (TickType_t ticks = 1; ticks < 8; ticks++) {
        assert_takes_ticks(ticks, take_nothing, NULL);
        assert_takes_ticks(ticks, wait_for_nothing, NULL);
    }
}
