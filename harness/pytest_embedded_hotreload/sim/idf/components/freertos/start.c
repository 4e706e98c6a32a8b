/* SPDX-License-Identifier: MIT */
/* the main task, which runs app_main() */
#include "esp_log.h"
#include "esp_private/startup_internal.h"
#include "esp_task.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static const char *TAG = "main_task";

extern void app_main(void);

static void main_task(void *arg)
{
    (void)arg;
    ESP_LOGI(TAG, "Started on CPU0");
    ESP_LOGI(TAG, "Calling app_main()");
    app_main();
    ESP_LOGI(TAG, "Returned from app_main()");
    vTaskDelete(NULL);
}

void esp_startup_start_app(void)
{
    BaseType_t created = xTaskCreatePinnedToCore(main_task, "main", CONFIG_ESP_MAIN_TASK_STACK_SIZE,
                                                 NULL, ESP_TASK_MAIN_PRIO, NULL, 0);
    configASSERT(created == pdPASS);
    vTaskStartScheduler();
}
