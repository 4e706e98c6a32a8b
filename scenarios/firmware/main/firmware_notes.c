/* What a module has to say while it is made and unmade: a line on the console, in the order of the
 * trace, with the bytes of stack that its task has never used. */
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "reloadable_util.h"

#define PATIENCE pdMS_TO_TICKS(1000)
#define STACK 4096

static const char *TAG = "scenarios";

void firmware_note(const char *what)
{
    ESP_LOGI(TAG, "noted %s in %s (stack %u)", what, pcTaskGetName(NULL),
             (unsigned)uxTaskGetStackHighWaterMark(NULL));
}

static void load(void *asking)
{
    /* refused or not: it waits while another task has the turn */
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    (void)hotreload_load(&config);
    xTaskNotifyGive(asking);
    vTaskDelete(NULL);
}

int32_t firmware_others_may_load(void)
{
    TaskHandle_t asking = xTaskGetCurrentTaskHandle();
    xTaskCreate(load, "other", STACK, asking, uxTaskPriorityGet(NULL) + 1, NULL);
    return ulTaskNotifyTake(pdTRUE, PATIENCE) != 0;
}
