/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

TEST_CASE("binary and counting semaphores count", "[semaphores]")
{
    SemaphoreHandle_t binary = xSemaphoreCreateBinary();
    TEST_ASSERT_FALSE(xSemaphoreTake(binary, 0));
    TEST_ASSERT_TRUE(xSemaphoreGive(binary));
    TEST_ASSERT_FALSE(xSemaphoreGive(binary));
    TEST_ASSERT_TRUE(xSemaphoreTake(binary, 0));
    vSemaphoreDelete(binary);

    static StaticSemaphore_t object;
    SemaphoreHandle_t counting = xSemaphoreCreateCountingStatic(3, 1, &object);
    TEST_ASSERT_EQUAL(1, uxSemaphoreGetCount(counting));
    TEST_ASSERT_TRUE(xSemaphoreGive(counting));
    TEST_ASSERT_TRUE(xSemaphoreGive(counting));
    TEST_ASSERT_FALSE(xSemaphoreGive(counting));
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_TRUE(xSemaphoreTake(counting, 0));
    }
    TEST_ASSERT_FALSE(xSemaphoreTake(counting, 0));
    vSemaphoreDelete(counting);
}

TEST_CASE("a mutex is its holder's, a recursive one as often as it is taken", "[semaphores]")
{
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    TEST_ASSERT_NULL(xSemaphoreGetMutexHolder(mutex));
    TEST_ASSERT_TRUE(xSemaphoreTake(mutex, 0));
    TEST_ASSERT_EQUAL_PTR(xTaskGetCurrentTaskHandle(), xSemaphoreGetMutexHolder(mutex));
    TEST_ASSERT_FALSE(xSemaphoreTake(mutex, 1));
    TEST_ASSERT_TRUE(xSemaphoreGive(mutex));
    TEST_ASSERT_FALSE(xSemaphoreGive(mutex));
    vSemaphoreDelete(mutex);

    SemaphoreHandle_t recursive = xSemaphoreCreateRecursiveMutex();
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_TRUE(xSemaphoreTakeRecursive(recursive, 0));
    }
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_NOT_NULL(xSemaphoreGetMutexHolder(recursive));
        TEST_ASSERT_TRUE(xSemaphoreGiveRecursive(recursive));
    }
    TEST_ASSERT_NULL(xSemaphoreGetMutexHolder(recursive));
    TEST_ASSERT_FALSE(xSemaphoreGiveRecursive(recursive));
    vSemaphoreDelete(recursive);
}

#define INCREMENTS 2000

typedef struct {
    SemaphoreHandle_t mutex;
    SemaphoreHandle_t done;
    volatile uint32_t *counter;
} incrementer_t;

static void increment(void *arg)
{
    incrementer_t *self = arg;
    for (int i = 0; i < INCREMENTS; i++) {
        xSemaphoreTake(self->mutex, portMAX_DELAY);
        uint32_t value = *self->counter;
        if (i % 16 == 0) {
            taskYIELD(); /* tempts the others */
        }
        *self->counter = value + 1;
        xSemaphoreGive(self->mutex);
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("a mutex keeps others out", "[semaphores]")
{
    volatile uint32_t counter = 0;
    incrementer_t all = {xSemaphoreCreateMutex(), xSemaphoreCreateCounting(4, 0), &counter};
    for (int i = 0; i < 4; i++) {
        xTaskCreate(increment, "increment", TEST_STACK, &all, 2 + i / 2, NULL);
    }
    for (int i = 0; i < 4; i++) {
        TEST_ASSERT_TRUE(xSemaphoreTake(all.done, portMAX_DELAY));
    }
    TEST_ASSERT_EQUAL(4 * INCREMENTS, counter);
    vTaskDelay(2);
    vSemaphoreDelete(all.mutex);
    vSemaphoreDelete(all.done);
}

/* priority inheritance */

typedef struct {
    SemaphoreHandle_t first;  /* taken, then given last */
    SemaphoreHandle_t second; /* taken after the first; may be NULL */
    TickType_t ticks;
    volatile bool taken;
    volatile bool timed_out;
} taker_t;

static void hold_until_resumed(void *arg)
{
    taker_t *self = arg;
    xSemaphoreTake(self->first, portMAX_DELAY);
    if (self->second) {
        xSemaphoreTake(self->second, portMAX_DELAY);
    }
    self->taken = true;
    vTaskSuspend(NULL);
    if (self->second) {
        xSemaphoreGive(self->second);
    }
    xSemaphoreGive(self->first);
    vTaskSuspend(NULL);
}

static void take_in_time(void *arg)
{
    taker_t *self = arg;
    self->taken = xSemaphoreTake(self->first, self->ticks);
    self->timed_out = !self->taken;
    if (self->taken) {
        xSemaphoreGive(self->first);
    }
    vTaskSuspend(NULL);
}

TEST_CASE("the holder of a mutex has the priority of its most urgent waiter", "[semaphores]")
{
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    taker_t low = {.first = mutex}, middle = {.first = mutex, .ticks = portMAX_DELAY};
    taker_t high = {.first = mutex, .ticks = portMAX_DELAY};
    TaskHandle_t low_task, middle_task, high_task;
    vTaskPrioritySet(NULL, 15);
    xTaskCreate(hold_until_resumed, "low", TEST_STACK, &low, 2, &low_task);
    settle();
    TEST_ASSERT_TRUE(low.taken);
    TEST_ASSERT_EQUAL(2, uxTaskPriorityGet(low_task));

    xTaskCreate(take_in_time, "middle", TEST_STACK, &middle, 5, &middle_task);
    settle();
    TEST_ASSERT_EQUAL(5, uxTaskPriorityGet(low_task));
    xTaskCreate(take_in_time, "high", TEST_STACK, &high, 9, &high_task);
    settle();
    TEST_ASSERT_EQUAL(9, uxTaskPriorityGet(low_task));
    xTaskAbortDelay(high_task); /* it gives up: only the other one's priority is left */
    settle();
    TEST_ASSERT_TRUE(high.timed_out);
    TEST_ASSERT_EQUAL(5, uxTaskPriorityGet(low_task));

    vTaskPrioritySet(low_task, 3); /* its own priority, not the one it has for now */
    TEST_ASSERT_EQUAL(5, uxTaskPriorityGet(low_task));
    vTaskResume(low_task);
    settle();
    TEST_ASSERT_TRUE(middle.taken);
    TEST_ASSERT_EQUAL(3, uxTaskPriorityGet(low_task));

    vTaskDelete(low_task);
    vTaskDelete(middle_task);
    vTaskDelete(high_task);
    vTaskPrioritySet(NULL, 1);
    vSemaphoreDelete(mutex);
}

TEST_CASE("priority is inherited along a chain of mutexes", "[semaphores]")
{
    SemaphoreHandle_t a = xSemaphoreCreateMutex();
    SemaphoreHandle_t b = xSemaphoreCreateMutex();
    taker_t low = {.first = a}, middle = {.first = b, .second = a};
    taker_t high = {.first = b, .ticks = portMAX_DELAY};
    TaskHandle_t low_task, middle_task, high_task;
    vTaskPrioritySet(NULL, 15);
    xTaskCreate(hold_until_resumed, "low", TEST_STACK, &low, 2, &low_task);
    settle();
    xTaskCreate(hold_until_resumed, "middle", TEST_STACK, &middle, 4, &middle_task);
    settle();
    TEST_ASSERT_FALSE(middle.taken); /* has b, waits for a */
    TEST_ASSERT_EQUAL(4, uxTaskPriorityGet(low_task));
    xTaskCreate(take_in_time, "high", TEST_STACK, &high, 9, &high_task);
    settle();
    TEST_ASSERT_EQUAL(9, uxTaskPriorityGet(middle_task));
    TEST_ASSERT_EQUAL(9, uxTaskPriorityGet(low_task));

    vTaskResume(low_task);
    settle();
    TEST_ASSERT_EQUAL(2, uxTaskPriorityGet(low_task));
    TEST_ASSERT_TRUE(middle.taken);
    vTaskResume(middle_task);
    settle();
    TEST_ASSERT_EQUAL(4, uxTaskPriorityGet(middle_task));
    TEST_ASSERT_TRUE(high.taken);

    vTaskDelete(low_task);
    vTaskDelete(middle_task);
    vTaskDelete(high_task);
    vTaskPrioritySet(NULL, 1);
    vSemaphoreDelete(a);
    vSemaphoreDelete(b);
}

static void work_between(void *arg)
{
    for (;;) {
        *(volatile unsigned *)arg += 1;
    }
}

static void work_and_give(void *arg)
{
    taker_t *self = arg;
    xSemaphoreTake(self->first, portMAX_DELAY);
    self->taken = true;
    TickType_t start = xTaskGetTickCount();
    while (xTaskGetTickCount() - start < 5) {
    }
    xSemaphoreGive(self->first);
    vTaskSuspend(NULL);
}

TEST_CASE("a middling task does not keep an urgent one from a mutex", "[semaphores]")
{
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    taker_t low = {.first = mutex};
    volatile unsigned work = 0;
    TaskHandle_t low_task, between;
    vTaskPrioritySet(NULL, 9);
    xTaskCreate(work_and_give, "low", TEST_STACK, &low, 2, &low_task);
    while (!low.taken) {
        vTaskDelay(1);
    }
    xTaskCreate(work_between, "between", TEST_STACK, (void *)&work, 5, &between);
    TEST_ASSERT_TRUE(xSemaphoreTake(mutex, 500));
    xSemaphoreGive(mutex);
    vTaskDelete(between);
    vTaskDelete(low_task);
    vTaskPrioritySet(NULL, 1);
    vSemaphoreDelete(mutex);
}
