/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Called in the idle task when that has cleaned up after ended tasks. true: to be called again after
   the next interrupt; false: at once. It must not wait. */
typedef bool (*esp_freertos_idle_cb_t)(void);

/* Eight at most: ESP_ERR_NO_MEM. */
esp_err_t esp_register_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core);
esp_err_t esp_register_freertos_idle_hook(esp_freertos_idle_cb_t hook);
void esp_deregister_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core);
void esp_deregister_freertos_idle_hook(esp_freertos_idle_cb_t hook);

#ifdef __cplusplus
}
#endif
