/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

typedef bool (*esp_freertos_idle_cb_t)(void);

/* see tasks.h */
esp_err_t esp_register_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core);
