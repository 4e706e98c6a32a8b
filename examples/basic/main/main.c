/* An application with a part that can be replaced while it runs. */
#include <inttypes.h>
#include <string.h>

#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"
#include "reload_hooks.h"
#include "reloadable.h"
#include "reloadable_util.h"
#include "unity.h"

#define GREETER_PERIOD_MS 1000
#define GREETER_STACK     4096
#define GREETER_PRIORITY  2

static const char *const TAG = "basic";

/* Calls the module once a second and logs when it answers differently than before. That needs no
 * lock: the module may be replaced at any moment. */
static void greeter(void *argument)
{
    (void)argument;
    char last[32] = "";
    for (;;) {
        char greeting[sizeof(last)];
        if (reloadable_greeting(greeting, sizeof(greeting)) > 0 && strcmp(greeting, last) != 0) {
            strcpy(last, greeting);
            ESP_LOGI(TAG, "greeting is now \"%s\", 2 + 3 is %" PRId32, last, reloadable_add(2, 3));
        }
        vTaskDelay(pdMS_TO_TICKS(GREETER_PERIOD_MS));
    }
}

static void init_nvs(void)
{
    esp_err_t err = nvs_flash_init();
    if (err == ESP_ERR_NVS_NO_FREE_PAGES || err == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        ESP_ERROR_CHECK(nvs_flash_erase());
        err = nvs_flash_init();
    }
    ESP_ERROR_CHECK(err);
}

void app_main(void)
{
    init_nvs();
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());

    ESP_ERROR_CHECK(reload_hooks_register());
    esp_err_t err = HOTRELOAD_LOAD_DEFAULT();
    if (err != ESP_OK) {
        /* a device without a good module goes on: one can be uploaded */
        ESP_LOGE(TAG, "no module: %s", hotreload_err_to_name(err));
    }
    ESP_ERROR_CHECK(HOTRELOAD_SERVER_START_DEFAULT());
    xTaskCreate(greeter, "greeter", GREETER_STACK, NULL, GREETER_PRIORITY, NULL);

    unity_run_menu();
}
