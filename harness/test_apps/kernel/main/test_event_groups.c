/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

typedef struct {
    EventGroupHandle_t group;
    EventBits_t bits;
    bool clear;
    bool all;
    TickType_t ticks;
    volatile EventBits_t got;
    volatile bool done;
} waiter_t;

static void wait_bits(void *arg)
{
    waiter_t *self = arg;
    self->got = xEventGroupWaitBits(self->group, self->bits, self->clear, self->all, self->ticks);
    self->done = true;
    vTaskDelete(NULL);
}

static void wait_in_vain(void *arg, TickType_t ticks)
{
    TEST_ASSERT_EQUAL_HEX32(
        0x1, xEventGroupWaitBits((EventGroupHandle_t)arg, 0x3, pdTRUE, pdTRUE, ticks));
}

TEST_CASE("bits are set, cleared and waited for", "[event_groups]")
{
    EventGroupHandle_t group = xEventGroupCreate();
    TEST_ASSERT_EQUAL_HEX32(0x5, xEventGroupSetBits(group, 0x5));
    TEST_ASSERT_EQUAL_HEX32(0x5, xEventGroupGetBits(group));
    TEST_ASSERT_EQUAL_HEX32(0x5, xEventGroupWaitBits(group, 0x4, pdFALSE, pdTRUE, 0));
    TEST_ASSERT_EQUAL_HEX32(0x5, xEventGroupWaitBits(group, 0x6, pdTRUE, pdFALSE, 0));
    TEST_ASSERT_EQUAL_HEX32(0x1, xEventGroupGetBits(group));
    assert_takes_ticks(5, wait_in_vain, group);
    TEST_ASSERT_EQUAL_HEX32(0x1, xEventGroupClearBits(group, 0x1));
    TEST_ASSERT_EQUAL_HEX32(0, xEventGroupGetBits(group));
    vEventGroupDelete(group);
}

TEST_CASE("all waiters that the bits satisfy wake, then the bits are cleared", "[event_groups]")
{
    static StaticEventGroup_t object;
    EventGroupHandle_t group = xEventGroupCreateStatic(&object);
    waiter_t waiters[4] = {
        {.bits = 0x1, .clear = true, .ticks = portMAX_DELAY},
        {.bits = 0x3, .all = true, .ticks = portMAX_DELAY},
        {.bits = 0x3, .ticks = portMAX_DELAY},
        {.bits = 0x9, .all = true, .ticks = portMAX_DELAY},
    };
    for (int i = 0; i < 4; i++) {
        waiters[i].group = group;
        xTaskCreate(wait_bits, "wait", TEST_STACK, &waiters[i], 5 + i, NULL);
    }
    TEST_ASSERT_EQUAL_HEX32(0x2, xEventGroupSetBits(group, 0x3)); /* 1 was cleared by the first */
    TEST_ASSERT_TRUE(waiters[0].done && waiters[1].done && waiters[2].done);
    TEST_ASSERT_FALSE(waiters[3].done);
    TEST_ASSERT_EQUAL_HEX32(0x3, waiters[2].got);
    xEventGroupSetBits(group, 0x9);
    TEST_ASSERT_TRUE(waiters[3].done);
    TEST_ASSERT_EQUAL_HEX32(0xb, waiters[3].got);
    vEventGroupDelete(group);
    vTaskDelay(1);
}

TEST_CASE("deleting a group wakes its waiters with nothing", "[event_groups]")
{
    waiter_t waiter = {.group = xEventGroupCreate(), .bits = 0x1, .ticks = portMAX_DELAY, .got = 9};
    xTaskCreate(wait_bits, "wait", TEST_STACK, &waiter, 5, NULL);
    vEventGroupDelete(waiter.group);
    TEST_ASSERT_TRUE(waiter.done);
    TEST_ASSERT_EQUAL_HEX32(0, waiter.got);
    vTaskDelay(1);
}

static void synchronize(void *arg)
{
    waiter_t *self = arg;
    self->got = xEventGroupSync(self->group, self->bits, 0x7, portMAX_DELAY);
    self->done = true;
    vTaskDelete(NULL);
}

TEST_CASE("tasks meet at a rendezvous", "[event_groups]")
{
    EventGroupHandle_t group = xEventGroupCreate();
    waiter_t waiters[2] = {{.group = group, .bits = 0x1}, {.group = group, .bits = 0x2}};
    for (int i = 0; i < 2; i++) {
        xTaskCreate(synchronize, "sync", TEST_STACK, &waiters[i], 5, NULL);
        TEST_ASSERT_FALSE(waiters[i].done);
    }
    TEST_ASSERT_EQUAL_HEX32(0x7, xEventGroupSync(group, 0x4, 0x7, 10));
    for (int i = 0; i < 2; i++) {
        TEST_ASSERT_TRUE(waiters[i].done);
        TEST_ASSERT_EQUAL_HEX32(0x7, waiters[i].got);
    }
    TEST_ASSERT_EQUAL_HEX32(0, xEventGroupGetBits(group));
    vEventGroupDelete(group);
    vTaskDelay(1);
}
