#include "module_guard.h"

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "hotreload.h"

static const char *const TAG = "guard";
static SemaphoreHandle_t guard;

void module_guard_enter(void)
{
    xSemaphoreTakeRecursive(guard, portMAX_DELAY);
}

void module_guard_leave(void)
{
    xSemaphoreGiveRecursive(guard);
}

/* Pre and post hook of a reload run in the same task, as a mutex wants it. */
static void before_reload(void *context)
{
    (void)context;
    module_guard_enter();
    ESP_LOGI(TAG, "the module is about to be replaced");
}

static void after_reload(void *context)
{
    (void)context;
    ESP_LOGI(TAG, "the module has been replaced");
    module_guard_leave();
}

esp_err_t module_guard_init(void)
{
    guard = xSemaphoreCreateRecursiveMutex();
    if (guard == NULL) {
        return ESP_ERR_NO_MEM;
    }
    return module_guard_register();
}

esp_err_t module_guard_register(void)
{
    esp_err_t err = hotreload_register_pre_hook(before_reload, NULL);
    if (err == ESP_OK) {
        err = hotreload_register_post_hook(after_reload, NULL);
    }
    return err;
}
