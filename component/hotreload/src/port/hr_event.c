/* SPDX-License-Identifier: MIT */
#include "port/hr_event.h"

#include <stddef.h>

#include "esp_event.h"
#include "esp_log.h"
#include "hotreload_event.h"

ESP_EVENT_DEFINE_BASE(HOTRELOAD_EVENT);

static const char *TAG = "hotreload";

/* Never waits: a listener must not be able to hold up a reload. */
static void post(hotreload_event_id_t id, const void *data, size_t size)
{
    esp_err_t err = esp_event_post(HOTRELOAD_EVENT, id, data, size, 0);
    /* an application without a default event loop wants no events */
    if (err != ESP_OK && err != ESP_ERR_INVALID_STATE) {
        ESP_LOGD(TAG, "event %d is lost: %s", (int)id, esp_err_to_name(err));
    }
}

void hr_event_staged(uint32_t module, uint32_t size)
{
    const hotreload_event_staged_t data = {.module = module, .size = size};
    post(HOTRELOAD_EVENT_STAGED, &data, sizeof(data));
}

void hr_event_switched(uint32_t module, uint32_t previous)
{
    const hotreload_event_switched_t data = {.module = module, .previous = previous};
    post(HOTRELOAD_EVENT_SWITCHED, &data, sizeof(data));
}

void hr_event_retired(uint32_t module)
{
    const hotreload_event_retired_t data = {.module = module};
    post(HOTRELOAD_EVENT_RETIRED, &data, sizeof(data));
}

void hr_event_failed(const char *operation, esp_err_t error, uint32_t module)
{
    const hotreload_event_failed_t data = {
        .operation = operation, .error = error, .module = module,
    };
    post(HOTRELOAD_EVENT_FAILED, &data, sizeof(data));
}

void hr_event_updated(uint32_t size)
{
    const hotreload_event_updated_t data = {.size = size};
    post(HOTRELOAD_EVENT_UPDATED, &data, sizeof(data));
}

void hr_event_passed_over(uint32_t slot, esp_err_t error)
{
    const hotreload_event_passed_over_t data = {.slot = slot, .error = error};
    post(HOTRELOAD_EVENT_PASSED_OVER, &data, sizeof(data));
}
