// SPDX-License-Identifier: MIT
#include "esp_event.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "esp_private/event_loop.h"

static const char *TAG = "event";

typedef struct handler {
    struct handler *next;
    esp_event_base_t base;
    int32_t id;
    esp_event_handler_t function;
    void *argument;
    bool is_instance;
    bool is_removed; // by a handler, while the list is walked: freed when the walk is over
} handler_t;

typedef struct {
    QueueHandle_t queue;
    SemaphoreHandle_t mutex; // recursive: a handler may register and unregister
    TaskHandle_t task;
    TaskHandle_t runner; // in a loop without a task: who is handling an event
    handler_t *handlers; // in the order of registration
    unsigned walks;      // how many dispatches are walking the list
} loop_t;

typedef struct {
    esp_event_base_t base;
    int32_t id;
    bool is_allocated;
    union {
        void *block;
        uint8_t bytes[sizeof(uint32_t)];
    } data;
    bool has_data;
} event_t;

static bool is_registration_valid(esp_event_base_t base, int32_t id)
{
    return base != ESP_EVENT_ANY_BASE || id == ESP_EVENT_ANY_ID;
}

static bool handler_wants(const handler_t *handler, const event_t *event)
{
    if (handler->is_removed) {
        return false;
    }
    if (handler->base == ESP_EVENT_ANY_BASE) {
        return true;
    }
    return handler->base == event->base && (handler->id == ESP_EVENT_ANY_ID || handler->id == event->id);
}

static void free_removed(loop_t *loop)
{
    handler_t **link = &loop->handlers;
    while (*link) {
        handler_t *handler = *link;
        if (handler->is_removed) {
            *link = handler->next;
            free(handler);
        } else {
            link = &handler->next;
        }
    }
}

static void free_event(const event_t *event)
{
    if (event->is_allocated) {
        free(event->data.block);
    }
}

static void dispatch(loop_t *loop, event_t *event)
{
    void *data = NULL;
    if (event->has_data) {
        data = event->is_allocated ? event->data.block : event->data.bytes;
    }

    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    loop->walks++;
    loop->runner = xTaskGetCurrentTaskHandle();
    for (handler_t *handler = loop->handlers; handler; handler = handler->next) {
        if (handler_wants(handler, event)) {
            handler->function(handler->argument, event->base, event->id, data);
        }
    }
    loop->walks--;
    if (loop->walks == 0) {
        free_removed(loop);
        loop->runner = NULL;
    }
    xSemaphoreGiveRecursive(loop->mutex);
    free_event(event);
}

static void loop_task(void *argument)
{
    loop_t *loop = argument;
    event_t event;

    for (;;) {
        if (xQueueReceive(loop->queue, &event, portMAX_DELAY) == pdTRUE) {
            dispatch(loop, &event);
        }
    }
}

static void loop_free(loop_t *loop)
{
    event_t event;

    if (loop->queue) {
        while (xQueueReceive(loop->queue, &event, 0) == pdTRUE) {
            free_event(&event);
        }
        vQueueDelete(loop->queue);
    }
    if (loop->mutex) {
        vSemaphoreDelete(loop->mutex);
    }
    while (loop->handlers) {
        handler_t *next = loop->handlers->next;
        free(loop->handlers);
        loop->handlers = next;
    }
    free(loop);
}

esp_err_t esp_event_loop_create(const esp_event_loop_args_t *args, esp_event_loop_handle_t *out)
{
    if (!args || !out) {
        return ESP_ERR_INVALID_ARG;
    }
    loop_t *loop = calloc(1, sizeof(*loop));
    if (!loop) {
        return ESP_ERR_NO_MEM;
    }
    loop->queue = xQueueCreate((UBaseType_t)args->queue_size, sizeof(event_t));
    loop->mutex = xSemaphoreCreateRecursiveMutex();
    if (!loop->queue || !loop->mutex) {
        loop_free(loop);
        return ESP_ERR_NO_MEM;
    }
    if (args->task_name && xTaskCreatePinnedToCore(loop_task, args->task_name, args->task_stack_size, loop,
                                                   args->task_priority, &loop->task, args->task_core_id) != pdPASS) {
        loop_free(loop);
        return ESP_FAIL;
    }
    *out = loop;
    return ESP_OK;
}

esp_err_t esp_event_loop_delete(esp_event_loop_handle_t handle)
{
    loop_t *loop = handle;

    if (!loop) {
        return ESP_ERR_INVALID_ARG;
    }
    // the task must not be ended inside a handler
    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    if (loop->task) {
        vTaskDelete(loop->task);
    }
    xSemaphoreGiveRecursive(loop->mutex);
    loop_free(loop);
    return ESP_OK;
}

esp_err_t esp_event_loop_run(esp_event_loop_handle_t handle, TickType_t ticks_to_run)
{
    loop_t *loop = handle;
    event_t event;
    TickType_t start = xTaskGetTickCount();
    TickType_t left = ticks_to_run;

    if (!loop) {
        return ESP_ERR_INVALID_ARG;
    }
    while (xQueueReceive(loop->queue, &event, left) == pdTRUE) {
        dispatch(loop, &event);
        if (ticks_to_run != portMAX_DELAY) {
            TickType_t passed = xTaskGetTickCount() - start;
            if (passed >= ticks_to_run) {
                break;
            }
            left = ticks_to_run - passed;
        }
    }
    return ESP_OK;
}

static handler_t *find_handler(loop_t *loop, esp_event_base_t base, int32_t id, esp_event_handler_t function)
{
    for (handler_t *handler = loop->handlers; handler; handler = handler->next) {
        if (!handler->is_removed && !handler->is_instance && handler->base == base && handler->id == id &&
            handler->function == function) {
            return handler;
        }
    }
    return NULL;
}

static handler_t *append_handler(loop_t *loop, const handler_t *template)
{
    handler_t *handler = malloc(sizeof(*handler));
    if (!handler) {
        return NULL;
    }
    *handler = *template;
    handler_t **link = &loop->handlers;
    while (*link) {
        link = &(*link)->next;
    }
    *link = handler;
    return handler;
}

static void remove_handler(loop_t *loop, handler_t *handler)
{
    handler->is_removed = true;
    if (loop->walks == 0) {
        free_removed(loop);
    }
}

esp_err_t esp_event_handler_register_with(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id,
                                          esp_event_handler_t function, void *argument)
{
    loop_t *loop = handle;

    if (!loop || !function || !is_registration_valid(base, id)) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = ESP_OK;
    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    handler_t *known = find_handler(loop, base, id, function);
    if (known) {
        ESP_LOGW(TAG, "handler already registered, overwriting its argument");
        known->argument = argument;
    } else if (!append_handler(loop, &(handler_t){.base = base, .id = id, .function = function, .argument = argument})) {
        err = ESP_ERR_NO_MEM;
    }
    xSemaphoreGiveRecursive(loop->mutex);
    return err;
}

esp_err_t esp_event_handler_instance_register_with(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id,
                                                   esp_event_handler_t function, void *argument,
                                                   esp_event_handler_instance_t *instance)
{
    loop_t *loop = handle;

    if (!loop || !function || !is_registration_valid(base, id)) {
        return ESP_ERR_INVALID_ARG;
    }
    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    handler_t *handler = append_handler(loop, &(handler_t){.base = base,
                                                           .id = id,
                                                           .function = function,
                                                           .argument = argument,
                                                           .is_instance = true});
    xSemaphoreGiveRecursive(loop->mutex);
    if (!handler) {
        return ESP_ERR_NO_MEM;
    }
    if (instance) {
        *instance = handler;
    }
    return ESP_OK;
}

esp_err_t esp_event_handler_unregister_with(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id,
                                            esp_event_handler_t function)
{
    loop_t *loop = handle;

    if (!loop || !function || !is_registration_valid(base, id)) {
        return ESP_ERR_INVALID_ARG;
    }
    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    handler_t *handler = find_handler(loop, base, id, function);
    if (handler) {
        remove_handler(loop, handler);
    }
    xSemaphoreGiveRecursive(loop->mutex);
    // nothing to remove is not an error: ESP-IDF answers alike
    return ESP_OK;
}

esp_err_t esp_event_handler_instance_unregister_with(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id,
                                                     esp_event_handler_instance_t instance)
{
    loop_t *loop = handle;

    if (!loop || !instance || !is_registration_valid(base, id)) {
        return ESP_ERR_INVALID_ARG;
    }
    xSemaphoreTakeRecursive(loop->mutex, portMAX_DELAY);
    for (handler_t *handler = loop->handlers; handler; handler = handler->next) {
        if (handler == instance && handler->base == base && handler->id == id) {
            remove_handler(loop, handler);
            break;
        }
    }
    xSemaphoreGiveRecursive(loop->mutex);
    return ESP_OK;
}

bool esp_event_is_awaited_by(esp_event_loop_handle_t handle, esp_event_base_t base)
{
    loop_t *loop = handle;

    // a handler that is running may be waiting for the very task that asks: never wait for it
    if (xSemaphoreTakeRecursive(loop->mutex, 0) != pdTRUE) {
        return true;
    }
    const handler_t *handler = loop->handlers;
    while (handler && (handler->is_removed || (handler->base != base && handler->base != ESP_EVENT_ANY_BASE))) {
        handler = handler->next;
    }
    xSemaphoreGiveRecursive(loop->mutex);
    return handler != NULL;
}

esp_err_t esp_event_post_to(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id, const void *data,
                            size_t size, TickType_t ticks_to_wait)
{
    loop_t *loop = handle;

    if (!loop || base == ESP_EVENT_ANY_BASE || id == ESP_EVENT_ANY_ID) {
        return ESP_ERR_INVALID_ARG;
    }
    event_t event = {.base = base, .id = id};
    if (data && size) {
        event.has_data = true;
        event.is_allocated = true;
        event.data.block = malloc(size);
        if (!event.data.block) {
            return ESP_ERR_NO_MEM;
        }
        memcpy(event.data.block, data, size);
    }
    // who empties the queue must not wait until there is room in it
    if (xTaskGetCurrentTaskHandle() == (loop->task ? loop->task : loop->runner)) {
        ticks_to_wait = 0;
    }
    if (xQueueSend(loop->queue, &event, ticks_to_wait) != pdTRUE) {
        free_event(&event);
        return ESP_ERR_TIMEOUT;
    }
    return ESP_OK;
}

#if CONFIG_ESP_EVENT_POST_FROM_ISR
esp_err_t esp_event_isr_post_to(esp_event_loop_handle_t handle, esp_event_base_t base, int32_t id, const void *data,
                                size_t size, BaseType_t *task_unblocked)
{
    loop_t *loop = handle;
    event_t event = {.base = base, .id = id};

    if (!loop || base == ESP_EVENT_ANY_BASE || id == ESP_EVENT_ANY_ID || size > sizeof(event.data.bytes)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (data && size) {
        event.has_data = true;
        memcpy(event.data.bytes, data, size);
    }
    return xQueueSendFromISR(loop->queue, &event, task_unblocked) == pdTRUE ? ESP_OK : ESP_FAIL;
}
#endif
