/* SPDX-License-Identifier: MIT */
/* switches at any instruction, with any number of register windows in use */
#include <string.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "unity.h"

#define WORKERS 4
#define ROUNDS 1500

/* keeps values in registers, in the frame and in an alloca() across a deep recursion */
static __attribute__((noinline)) uint32_t recurse(unsigned depth, uint32_t x)
{
    volatile uint32_t local[4] = {depth, x, depth ^ x, depth + x};
    volatile uint8_t dynamic[(x & 15) + 1];
    dynamic[x & 15] = (uint8_t)x;
    uint32_t below = depth > 0 ? recurse(depth - 1, x * 3 + 1) : x;
    if (local[0] != depth || local[1] != x || local[2] != (depth ^ x) || local[3] != depth + x ||
        dynamic[x & 15] != (uint8_t)x) {
        return 0xdeadbeef;
    }
    return below + depth;
}

static uint32_t expected(unsigned depth, uint32_t x)
{
    uint32_t sum = 0;
    for (; depth > 0; depth--) {
        sum += depth;
        x = x * 3 + 1;
    }
    return sum + x;
}

typedef struct {
    unsigned id;
    volatile unsigned wrong;
    volatile bool stop;
    volatile unsigned rounds;
    SemaphoreHandle_t done;
} worker_t;

static void work(void *arg)
{
    worker_t *self = arg;
    while (!self->stop) {
        unsigned depth = 3 + (self->rounds * 7 + self->id * 5) % 30;
        uint32_t x = self->rounds + self->id;
        self->wrong += recurse(depth, x) != expected(depth, x);
        self->rounds++;
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

/* wakes at random short intervals and so preempts the workers wherever they are */
static unsigned s_preemptions;

static void preempt(void *arg)
{
    xTaskNotifyGive((TaskHandle_t)arg);
}

TEST_CASE("tasks are preempted in deep recursion without harm", "[preemption]")
{
    worker_t workers[WORKERS] = {0};
    SemaphoreHandle_t done = xSemaphoreCreateCounting(WORKERS, 0);
    UBaseType_t own = uxTaskPriorityGet(NULL);
    vTaskPrioritySet(NULL, 10);
    TaskHandle_t tasks[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].id = i;
        workers[i].done = done;
        TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(work, "worker", 6144, &workers[i], 5, &tasks[i]));
    }
    esp_timer_handle_t timer;
    esp_timer_create_args_t args = {.callback = preempt, .arg = xTaskGetCurrentTaskHandle()};
    TEST_ASSERT_EQUAL(ESP_OK, esp_timer_create(&args, &timer));
    for (s_preemptions = 0; s_preemptions < ROUNDS; s_preemptions++) {
        esp_timer_start_once(timer, 200 + s_preemptions * 37 % 500);
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        uint32_t x = s_preemptions;
        TEST_ASSERT_EQUAL_HEX32(expected(12, x), recurse(12, x));
        /* go on with another worker each time */
        vTaskPrioritySet(tasks[s_preemptions % WORKERS], 5);
        vTaskPrioritySet(tasks[(s_preemptions + 1) % WORKERS], 6);
    }
    esp_timer_delete(timer);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].stop = true;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        TEST_ASSERT_TRUE(xSemaphoreTake(done, portMAX_DELAY));
    }
    vTaskPrioritySet(NULL, own);
    vTaskDelay(2);
    vSemaphoreDelete(done);
    for (unsigned i = 0; i < WORKERS; i++) {
        TEST_ASSERT_EQUAL_MESSAGE(0, workers[i].wrong, "results of a worker");
        TEST_ASSERT_GREATER_THAN(10, workers[i].rounds);
    }
}

static void yield_often(void *arg)
{
    worker_t *self = arg;
    for (self->rounds = 0; self->rounds < 10000; self->rounds++) {
        uint32_t x = self->rounds;
        taskYIELD();
        self->wrong += x != self->rounds;
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("tasks that yield take turns, thousands of times", "[preemption]")
{
    worker_t workers[2] = {0};
    SemaphoreHandle_t done = xSemaphoreCreateCounting(2, 0);
    for (unsigned i = 0; i < 2; i++) {
        workers[i].done = done;
        xTaskCreate(yield_often, "yield", 2048, &workers[i], 5, NULL);
    }
    xSemaphoreTake(done, portMAX_DELAY);
    xSemaphoreTake(done, portMAX_DELAY);
    vTaskDelay(1);
    vSemaphoreDelete(done);
    TEST_ASSERT_EQUAL(0, workers[0].wrong + workers[1].wrong);
}

/* two loops, for LBEG and LEND to differ; SAR and SCOMPARE1 hold what nothing else does */
static __attribute__((noinline)) bool loop_with_special_registers(unsigned id)
{
    const uint32_t count = 1000 + id;
    uint32_t sum = 0;
    uint32_t shifted = 0x80000000;
    uint32_t compare = id;
    __asm__ volatile("ssr %4\n\t"
                     "wsr %2, scompare1\n\t"
                     "loop %3, 1f\n\t"
                     "addi %0, %0, 1\n"
                     "1:\n\t"
                     "loop %3, 2f\n\t"
                     "addi %0, %0, 1\n"
                     "2:\n\t"
                     "srl %1, %1\n\t"
                     "rsr %2, scompare1"
                     : "+a"(sum), "+a"(shifted), "+a"(compare)
                     : "a"(count), "a"(id % 32));
    return sum == 2 * count && shifted == 0x80000000 >> id % 32 && compare == id;
}

static void loop_for_ever(void *arg)
{
    worker_t *self = arg;
    while (!self->stop) {
        self->wrong += !loop_with_special_registers(self->id);
        self->rounds++;
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("special registers belong to their task", "[preemption]")
{
    worker_t workers[2] = {{.id = 3}, {.id = 333}};
    SemaphoreHandle_t done = xSemaphoreCreateCounting(2, 0);
    for (unsigned i = 0; i < 2; i++) {
        workers[i].done = done;
        xTaskCreate(loop_for_ever, "loop", 2048, &workers[i], 1, NULL);
    }
    vTaskDelay(20); /* each has ten turns */
    workers[0].stop = workers[1].stop = true;
    xSemaphoreTake(done, portMAX_DELAY);
    xSemaphoreTake(done, portMAX_DELAY);
    vTaskDelay(1);
    vSemaphoreDelete(done);
    for (unsigned i = 0; i < 2; i++) {
        TEST_ASSERT_EQUAL(0, workers[i].wrong);
        TEST_ASSERT_GREATER_THAN(100, workers[i].rounds);
    }
}
