/* Says on the console which events of the component an application gets. */
#include "esp_event.h"
#include "esp_log.h"
#include "hotreload.h"
#include "hotreload_event.h"
#include "module_api.h"
#include "probe.h"

static const char *TAG = "scenarios";

static void on_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    (void)base;
    switch (id) {
    case HOTRELOAD_EVENT_STAGED: {
        const hotreload_event_staged_t *staged = data;
        ESP_LOGI(TAG, "event staged module=%lu size=%lu", (unsigned long)staged->module,
                 (unsigned long)staged->size);
        break;
    }
    case HOTRELOAD_EVENT_SWITCHED: {
        const hotreload_event_switched_t *switched = data;
        ESP_LOGI(TAG, "event switched module=%lu previous=%lu answer=%ld",
                 (unsigned long)switched->module, (unsigned long)switched->previous,
                 (long)answer());
        break;
    }
    case HOTRELOAD_EVENT_RETIRED: {
        const hotreload_event_retired_t *retired = data;
        ESP_LOGI(TAG, "event retired module=%lu", (unsigned long)retired->module);
        break;
    }
    case HOTRELOAD_EVENT_FAILED: {
        const hotreload_event_failed_t *failed = data;
        ESP_LOGI(TAG, "event failed operation=%s error=%s module=%lu", failed->operation,
                 hotreload_err_to_name(failed->error), (unsigned long)failed->module);
        break;
    }
    case HOTRELOAD_EVENT_UPDATED: {
        const hotreload_event_updated_t *updated = data;
        ESP_LOGI(TAG, "event updated size=%lu", (unsigned long)updated->size);
        break;
    }
    default:
        ESP_LOGE(TAG, "event %ld is not in the header", (long)id);
        break;
    }
}

esp_err_t probe_handle_listen(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, esp_event_handler_register(HOTRELOAD_EVENT, ESP_EVENT_ANY_ID,
                                                                 on_event, NULL));
}
