/* The scenario firmware: what an application with hot reload does at start, and the probe. */
#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "hotreload.h"
#include "module_api.h"
#include "nvs_flash.h"
#include "probe.h"
#include "protocol_examples_common.h"
#include "reloadable_util.h"
#include "sdkconfig.h"

static const char *TAG = "scenarios";

/* WiFi keeps its calibration in NVS. Nothing else does, and to look through an empty partition costs
 * each boot two seconds in Espressif's QEMU. */
static void init_nvs(void)
{
#if CONFIG_EXAMPLE_CONNECT_WIFI
    esp_err_t err = nvs_flash_init();
    if (err == ESP_ERR_NVS_NO_FREE_PAGES || err == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        /* what another firmware has left on the board */
        ESP_ERROR_CHECK(nvs_flash_erase());
        err = nvs_flash_init();
    }
    ESP_ERROR_CHECK(err);
#endif
}

void app_main(void)
{
    init_nvs();
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());

    /* a device without a usable module still has to take the next upload */
    esp_err_t err = HOTRELOAD_LOAD_DEFAULT();
    if (err != ESP_OK) {
        ESP_LOGW(TAG, "started without a module: %s", hotreload_err_to_name(err));
    }
    started();

    ESP_ERROR_CHECK(example_connect());
    /* the harness takes the component's server as the sign that the device is ready */
    ESP_ERROR_CHECK(probe_start());
    ESP_ERROR_CHECK(HOTRELOAD_SERVER_START_DEFAULT());
}
