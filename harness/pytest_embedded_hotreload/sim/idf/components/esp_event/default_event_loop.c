// The default loop: the calls without a loop argument.
// SPDX-License-Identifier: MIT
#include "esp_event.h"
#include "esp_private/event_loop.h"

// ESP-IDF's priority of the system event task (ESP_TASKD_EVENT_PRIO)
#define EVENT_TASK_PRIORITY (configMAX_PRIORITIES - 5)

static esp_event_loop_handle_t default_loop;

esp_err_t esp_event_loop_create_default(void)
{
    if (default_loop) {
        return ESP_ERR_INVALID_STATE;
    }
    const esp_event_loop_args_t args = {
        .queue_size = CONFIG_ESP_SYSTEM_EVENT_QUEUE_SIZE,
        .task_name = "sys_evt",
        .task_priority = EVENT_TASK_PRIORITY,
        .task_stack_size = CONFIG_ESP_SYSTEM_EVENT_TASK_STACK_SIZE,
        .task_core_id = 0,
    };
    return esp_event_loop_create(&args, &default_loop);
}

esp_err_t esp_event_loop_delete_default(void)
{
    if (!default_loop) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t err = esp_event_loop_delete(default_loop);
    if (err == ESP_OK) {
        default_loop = NULL;
    }
    return err;
}

esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler, void *handler_arg)
{
    return default_loop ? esp_event_handler_register_with(default_loop, base, id, handler, handler_arg)
                        : ESP_ERR_INVALID_STATE;
}

esp_err_t esp_event_handler_unregister(esp_event_base_t base, int32_t id, esp_event_handler_t handler)
{
    return default_loop ? esp_event_handler_unregister_with(default_loop, base, id, handler) : ESP_ERR_INVALID_STATE;
}

esp_err_t esp_event_handler_instance_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler,
                                              void *handler_arg, esp_event_handler_instance_t *instance)
{
    return default_loop ? esp_event_handler_instance_register_with(default_loop, base, id, handler, handler_arg, instance)
                        : ESP_ERR_INVALID_STATE;
}

esp_err_t esp_event_handler_instance_unregister(esp_event_base_t base, int32_t id, esp_event_handler_instance_t instance)
{
    return default_loop ? esp_event_handler_instance_unregister_with(default_loop, base, id, instance)
                        : ESP_ERR_INVALID_STATE;
}

bool esp_event_is_awaited(esp_event_base_t base)
{
    return default_loop && esp_event_is_awaited_by(default_loop, base);
}

esp_err_t esp_event_post(esp_event_base_t base, int32_t id, const void *data, size_t size, TickType_t ticks_to_wait)
{
    return default_loop ? esp_event_post_to(default_loop, base, id, data, size, ticks_to_wait) : ESP_ERR_INVALID_STATE;
}

#if CONFIG_ESP_EVENT_POST_FROM_ISR
esp_err_t esp_event_isr_post(esp_event_base_t base, int32_t id, const void *data, size_t size,
                             BaseType_t *task_unblocked)
{
    return default_loop ? esp_event_isr_post_to(default_loop, base, id, data, size, task_unblocked)
                        : ESP_ERR_INVALID_STATE;
}
#endif
