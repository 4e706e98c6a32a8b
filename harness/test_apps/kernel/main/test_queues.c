/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

typedef struct {
    uint32_t number;
    char text[13];
} item_t;

TEST_CASE("a queue gives items back in order and whole", "[queues]")
{
    QueueHandle_t queue = xQueueCreate(5, sizeof(item_t));
    item_t item;
    for (uint32_t turn = 0; turn < 7; turn++) { /* around the end of the ring */
        for (uint32_t i = 0; i < 3; i++) {
            item = (item_t){turn * 10 + i, "twelve chars"};
            TEST_ASSERT_TRUE(xQueueSend(queue, &item, 0));
        }
        TEST_ASSERT_EQUAL(3, uxQueueMessagesWaiting(queue));
        TEST_ASSERT_EQUAL(2, uxQueueSpacesAvailable(queue));
        for (uint32_t i = 0; i < 3; i++) {
            item = (item_t){0};
            TEST_ASSERT_TRUE(xQueuePeek(queue, &item, 0));
            TEST_ASSERT_EQUAL(turn * 10 + i, item.number);
            item = (item_t){0};
            TEST_ASSERT_TRUE(xQueueReceive(queue, &item, 0));
            TEST_ASSERT_EQUAL(turn * 10 + i, item.number);
            TEST_ASSERT_EQUAL_STRING("twelve chars", item.text);
        }
    }
    vQueueDelete(queue);
}

TEST_CASE("items go to the front, overwrite and are reset", "[queues]")
{
    QueueHandle_t queue = xQueueCreate(2, sizeof(int));
    int value = 1;
    xQueueSendToBack(queue, &value, 0);
    value = 2;
    xQueueSendToFront(queue, &value, 0);
    value = 3;
    TEST_ASSERT_EQUAL(errQUEUE_FULL, xQueueSend(queue, &value, 0));
    xQueueReceive(queue, &value, 0);
    TEST_ASSERT_EQUAL(2, value);
    TEST_ASSERT_EQUAL(pdPASS, xQueueReset(queue));
    TEST_ASSERT_EQUAL(0, uxQueueMessagesWaiting(queue));
    vQueueDelete(queue);

    static StaticQueue_t object;
    static uint8_t storage[sizeof(int)];
    queue = xQueueCreateStatic(1, sizeof(int), storage, &object);
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_TRUE(xQueueOverwrite(queue, &i));
    }
    TEST_ASSERT_TRUE(xQueueReceive(queue, &value, 0));
    TEST_ASSERT_EQUAL(2, value);
    TEST_ASSERT_FALSE(xQueueReceive(queue, &value, 0));
    vQueueDelete(queue);
}

TEST_CASE("a queue that does not fit is not created", "[queues]")
{
    TEST_ASSERT_NULL(xQueueCreate(1 << 20, 1 << 10));
    TEST_ASSERT_NULL(xQueueCreate(1 << 30, 8));
}

static void receive_nothing(void *arg, TickType_t ticks)
{
    int value;
    TEST_ASSERT_FALSE(xQueueReceive((QueueHandle_t)arg, &value, ticks));
}

static void send_in_vain(void *arg, TickType_t ticks)
{
    int value = 8;
    TEST_ASSERT_FALSE(xQueueSend((QueueHandle_t)arg, &value, ticks));
}

TEST_CASE("waits for a queue time out after the ticks asked for", "[queues]")
{
    QueueHandle_t queue = xQueueCreate(1, sizeof(int));
    int value = 7;
    static const TickType_t waits[] = {1, 2, 5, 13};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_takes_ticks(waits[i], receive_nothing, queue);
    }
    xQueueSend(queue, &value, 0);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_takes_ticks(waits[i], send_in_vain, queue);
    }
    vQueueDelete(queue);
}

typedef struct {
    QueueHandle_t queue;
    TaskHandle_t owner;
    int id;
    volatile int *order;
    volatile int *count;
} receiver_t;

static void receive_one(void *arg)
{
    receiver_t *self = arg;
    int value;
    xQueueReceive(self->queue, &value, portMAX_DELAY);
    self->order[(*self->count)++] = self->id;
    vTaskDelete(NULL);
}

TEST_CASE("the most urgent waiter is served first, equals by their arrival", "[queues]")
{
    static const int priorities[4] = {3, 5, 3, 8};
    static const int wanted[4] = {3, 1, 0, 2};
    volatile int order[4] = {-1, -1, -1, -1};
    volatile int count = 0;
    QueueHandle_t queue = xQueueCreate(4, sizeof(int));
    receiver_t receivers[4];
    for (int i = 0; i < 4; i++) {
        receivers[i] = (receiver_t){.queue = queue, .id = i, .order = order, .count = &count};
        xTaskCreate(receive_one, "receive", TEST_STACK, &receivers[i], priorities[i], NULL);
    }
    for (int i = 0; i < 4; i++) {
        TEST_ASSERT_TRUE(xQueueSend(queue, &i, 0));
        TEST_ASSERT_EQUAL(i + 1, count); /* each ran before xQueueSend() returned */
    }
    for (int i = 0; i < 4; i++) {
        TEST_ASSERT_EQUAL(wanted[i], order[i]);
    }
    vTaskDelay(1);
    vQueueDelete(queue);
}

#define PRODUCED 3000

static void produce(void *arg)
{
    receiver_t *self = arg;
    for (int i = 0; i < PRODUCED; i++) {
        int value = self->id * PRODUCED + i;
        xQueueSend(self->queue, &value, portMAX_DELAY);
    }
    vTaskDelete(NULL);
}

TEST_CASE("several producers and a small queue lose nothing", "[queues]")
{
    QueueHandle_t queue = xQueueCreate(2, sizeof(int));
    receiver_t producers[3];
    int next[3] = {0};
    for (int i = 0; i < 3; i++) {
        producers[i] = (receiver_t){.queue = queue, .id = i};
        xTaskCreate(produce, "produce", TEST_STACK, &producers[i], 1 + i, NULL);
    }
    for (int i = 0; i < 3 * PRODUCED; i++) {
        int value;
        TEST_ASSERT_TRUE(xQueueReceive(queue, &value, portMAX_DELAY));
        TEST_ASSERT_EQUAL(next[value / PRODUCED], value % PRODUCED);
        next[value / PRODUCED]++;
    }
    TEST_ASSERT_EQUAL(0, uxQueueMessagesWaiting(queue));
    vTaskDelay(2);
    vQueueDelete(queue);
}

static void receive_in_time(void *arg)
{
    receiver_t *self = arg;
    int value = -1;
    *self->count = xQueueReceive(self->queue, &value, 60) ? value : -2;
    xTaskNotifyGive(self->owner);
    vTaskDelete(NULL);
}

TEST_CASE("a wait goes on when the waiter is suspended meanwhile", "[queues]")
{
    QueueHandle_t queue = xQueueCreate(1, sizeof(int));
    volatile int result = -1;
    receiver_t receiver = {
        .queue = queue, .owner = xTaskGetCurrentTaskHandle(), .count = &result};
    TaskHandle_t task;
    xTaskCreate(receive_in_time, "receive", TEST_STACK, &receiver, 5, &task);
    vTaskSuspend(task);
    vTaskDelay(2);
    vTaskResume(task);
    TEST_ASSERT_EQUAL(-1, result);
    int value = 42;
    xQueueSend(queue, &value, 0);
    TEST_ASSERT_EQUAL(42, result);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);

    /* and ends at the time it would have ended */
    result = -1;
    vTaskDelay(1);
    TickType_t start = xTaskGetTickCount();
    xTaskCreate(receive_in_time, "receive", TEST_STACK, &receiver, 5, &task);
    vTaskSuspend(task);
    vTaskDelay(30);
    vTaskResume(task);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    TEST_ASSERT_GREATER_OR_EQUAL(60, xTaskGetTickCount() - start);
    TEST_ASSERT_LESS_THAN(90, xTaskGetTickCount() - start); /* not 60 from the resumption */
    TEST_ASSERT_EQUAL(-2, result);
    vTaskDelay(1);
    vQueueDelete(queue);
}
