/* SPDX-License-Identifier: MIT */
#include "esp_intr_alloc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "software_interrupt.h"
#include "unity.h"
#include "xt_utils.h"

#define TEST_STACK 2560

typedef struct {
    QueueHandle_t queue;
    SemaphoreHandle_t semaphore;
    EventGroupHandle_t group;
    TaskHandle_t task;
    volatile int result;
    volatile bool in_isr;
    volatile uint32_t sp;
    volatile BaseType_t woken;
} context_t;

static void observe(void *arg)
{
    context_t *context = arg;
    context->in_isr = xPortInIsrContext();
    context->sp = (uint32_t)xt_utils_get_sp();
    portENTER_CRITICAL_ISR(NULL);
    portEXIT_CRITICAL_ISR(NULL);
    context->result = xTaskGetTickCountFromISR() > 0;
}

TEST_CASE("a handler runs at once, on a stack of its own", "[interrupts]")
{
    context_t context = {0};
    run_in_interrupt(observe, &context);
    TEST_ASSERT_TRUE(context.in_isr);
    TEST_ASSERT_EQUAL(1, context.result);
    TEST_ASSERT_FALSE(xPortInIsrContext());
    uint32_t stack = (uint32_t)pxTaskGetStackStart(NULL);
    TEST_ASSERT_FALSE(context.sp >= stack && context.sp < stack + CONFIG_ESP_MAIN_TASK_STACK_SIZE);
}

static void wait_for_queue(void *arg)
{
    context_t *context = arg;
    int value;
    xQueueReceive(context->queue, &value, portMAX_DELAY);
    context->result = value;
    vTaskDelete(NULL);
}

static void send_to_queue(void *arg)
{
    context_t *context = arg;
    int value = 77;
    BaseType_t woken = pdFALSE;
    xQueueSendFromISR(context->queue, &value, &woken);
    context->woken = woken;
    context->in_isr = context->result == 0; /* not before the handler is done */
    portYIELD_FROM_ISR(woken);
}

TEST_CASE("a task that a handler wakes runs when the handler is done", "[interrupts]")
{
    context_t context = {.queue = xQueueCreate(1, sizeof(int))};
    xTaskCreate(wait_for_queue, "wait", TEST_STACK, &context, 5, NULL);
    run_in_interrupt(send_to_queue, &context);
    TEST_ASSERT_TRUE(context.in_isr);
    TEST_ASSERT_TRUE(context.woken);
    TEST_ASSERT_EQUAL(77, context.result);
    vTaskDelay(1);
    vQueueDelete(context.queue);
}

static void use_everything(void *arg)
{
    context_t *context = arg;
    int value = 5;
    BaseType_t woken = pdFALSE;
    bool right = xQueueSendFromISR(context->queue, &value, NULL) == pdTRUE;
    right &= xQueueSendFromISR(context->queue, &value, NULL) == errQUEUE_FULL;
    right &= xQueueIsQueueFullFromISR(context->queue) && !xQueueIsQueueEmptyFromISR(context->queue);
    right &= xQueuePeekFromISR(context->queue, &value) == pdTRUE;
    right &= xQueueReceiveFromISR(context->queue, &value, NULL) == pdTRUE && value == 5;
    right &= xQueueReceiveFromISR(context->queue, &value, NULL) == pdFALSE;
    right &= xSemaphoreGiveFromISR(context->semaphore, NULL) == pdTRUE;
    right &= xSemaphoreGiveFromISR(context->semaphore, NULL) == pdFALSE;
    right &= xSemaphoreTakeFromISR(context->semaphore, NULL) == pdTRUE;
    right &= xSemaphoreTakeFromISR(context->semaphore, NULL) == pdFALSE;
    right &= xEventGroupSetBitsFromISR(context->group, 0x6, &woken) == pdPASS;
    right &= xEventGroupClearBitsFromISR(context->group, 0x4) == pdPASS;
    right &= xEventGroupGetBitsFromISR(context->group) == 0x2;
    right &= xTaskNotifyFromISR(context->task, 9, eSetValueWithOverwrite, NULL) == pdPASS;
    vTaskNotifyGiveFromISR(context->task, NULL);
    right &= woken == pdFALSE;
    context->result = right;
}

TEST_CASE("queues, semaphores, groups and notifications work in a handler", "[interrupts]")
{
    context_t context = {
        .queue = xQueueCreate(1, sizeof(int)),
        .semaphore = xSemaphoreCreateBinary(),
        .group = xEventGroupCreate(),
        .task = xTaskGetCurrentTaskHandle(),
    };
    run_in_interrupt(use_everything, &context);
    TEST_ASSERT_TRUE(context.result);
    TEST_ASSERT_EQUAL(10, ulTaskNotifyTake(pdTRUE, 0));
    vQueueDelete(context.queue);
    vSemaphoreDelete(context.semaphore);
    vEventGroupDelete(context.group);
}

static void resume_task(void *arg)
{
    context_t *context = arg;
    context->woken = xTaskResumeFromISR(context->task);
}

static void suspend_and_set(void *arg)
{
    context_t *context = arg;
    vTaskSuspend(NULL);
    context->result = 1;
    vTaskDelete(NULL);
}

TEST_CASE("a handler resumes a task", "[interrupts]")
{
    context_t context = {0};
    xTaskCreate(suspend_and_set, "suspend", TEST_STACK, &context, 5, &context.task);
    run_in_interrupt(resume_task, &context);
    TEST_ASSERT_TRUE(context.woken);
    TEST_ASSERT_EQUAL(1, context.result);
    vTaskDelay(1);
}

static void nothing(void *arg)
{
}

TEST_CASE("an interrupt source has one owner at a time", "[interrupts]")
{
    intr_handle_t handle;
    TEST_ASSERT_EQUAL(ESP_ERR_NOT_FOUND,
                      esp_intr_alloc(ETS_UART0_INTR_SOURCE, 0, nothing, NULL, &handle));
    TEST_ASSERT_EQUAL(ESP_ERR_NOT_FOUND, esp_intr_alloc(20, 0, nothing, NULL, &handle));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG,
                      esp_intr_alloc(ETS_ETH_MAC_INTR_SOURCE, 0, NULL, NULL, &handle));
    TEST_ASSERT_EQUAL(ESP_OK, esp_intr_alloc(ETS_ETH_MAC_INTR_SOURCE, ESP_INTR_FLAG_INTRDISABLED,
                                             nothing, NULL, &handle));
    TEST_ASSERT_EQUAL(1, esp_intr_get_intno(handle));
    TEST_ASSERT_EQUAL(ESP_OK, esp_intr_enable(handle));
    TEST_ASSERT_EQUAL(ESP_OK, esp_intr_disable(handle));
    TEST_ASSERT_EQUAL(ESP_OK, esp_intr_free(handle));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG, esp_intr_free(handle));
}
