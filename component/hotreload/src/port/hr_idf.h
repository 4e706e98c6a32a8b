/* SPDX-License-Identifier: MIT */
/* Where the releases of ESP-IDF differ, v5.0 to v6.1. Nothing else in the component asks which one
   it is built with. */
#pragma once

#include "esp_idf_version.h"
#include "sdkconfig.h"

/* what declares TaskSnapshot_t, uxTaskGetSnapshotAll() and vTaskGetSnapshot(): it moved twice, and
   before v5.2 they were an option */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
#define HR_IDF_TASK_SNAPSHOT_H "freertos/freertos_debug.h"
#elif ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 0)
#define HR_IDF_TASK_SNAPSHOT_H "esp_private/freertos_debug.h"
#elif CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT
#define HR_IDF_TASK_SNAPSHOT_H "freertos/task_snapshot.h"
#else
#error "hotreload looks at the stacks of all tasks: turn CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT on"
#endif

/* The interface behind another one, the first behind NULL: v5.2 says in the name that none may be
   destroyed meanwhile, and v6.0 has no other. */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 0)
#define hr_idf_next_netif esp_netif_next_unsafe
#else
#define hr_idf_next_netif esp_netif_next
#endif

/* Whether hashes are PSA's: v6.0 came with Mbed TLS 4, which has no others. */
#define HR_IDF_PSA (ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0))
