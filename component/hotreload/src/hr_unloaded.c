/* SPDX-License-Identifier: MIT */
#include "hr_unloaded.h"

#include "esp_log.h"

static const char *TAG = "hotreload";

hr_unloaded_result_t hotreload_unloaded_stub(void)
{
    ESP_LOGE(TAG, "a function of the module was called, but no module is loaded; it returns 0");
    return (hr_unloaded_result_t) {{0}};
}
