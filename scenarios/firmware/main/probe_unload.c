/* An unload that ends when the module's memory is free, which may be later than the call. */
#include "esp_event.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "hotreload_event.h"
#include "probe.h"

#define RETIRE_MS 2000

static void on_retired(void *task, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    xTaskNotifyGive(task);
}

void probe_unload(void)
{
    void *self = xTaskGetCurrentTaskHandle();
    esp_event_handler_register(HOTRELOAD_EVENT, HOTRELOAD_EVENT_RETIRED, on_retired, self);
    if (hotreload_unload() == ESP_OK) {
        ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(RETIRE_MS));
    }
    esp_event_handler_unregister(HOTRELOAD_EVENT, HOTRELOAD_EVENT_RETIRED, on_retired);
}
