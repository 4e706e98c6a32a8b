#include "reload_hooks.h"

#include <inttypes.h>

#include "esp_log.h"
#include "hotreload.h"
#include "reloadable.h"

static const char *const TAG = "hooks";

/* The module's own variables go with it: here is the last chance to save what has to survive. */
static void before_reload(void *context)
{
    (void)context;
    ESP_LOGI(TAG, "the module is about to be replaced, it has greeted %" PRIu32 " times",
             reloadable_greeted());
}

static void after_reload(void *context)
{
    (void)context;
    ESP_LOGI(TAG, "the module has been replaced");
}

esp_err_t reload_hooks_register(void)
{
    esp_err_t err = hotreload_register_pre_hook(before_reload, NULL);
    if (err == ESP_OK) {
        err = hotreload_register_post_hook(after_reload, NULL);
    }
    return err;
}
