/* SPDX-License-Identifier: MIT */
/*
 * Initialisation of the non-volatile storage, as far as applications call it before the network is
 * brought up. There is no key-value interface (nvs.h): nothing is ever stored, and nothing of the
 * board needs calibration data.
 */
#pragma once

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NVS_DEFAULT_PART_NAME "nvs"

#define ESP_ERR_NVS_BASE 0x1100
#define ESP_ERR_NVS_NOT_INITIALIZED (ESP_ERR_NVS_BASE + 0x01)
#define ESP_ERR_NVS_NO_FREE_PAGES (ESP_ERR_NVS_BASE + 0x0d)
#define ESP_ERR_NVS_PART_NOT_FOUND (ESP_ERR_NVS_BASE + 0x0f)
#define ESP_ERR_NVS_NEW_VERSION_FOUND (ESP_ERR_NVS_BASE + 0x10)

/* ESP_ERR_NOT_FOUND when there is no data partition of subtype nvs with this label */
esp_err_t nvs_flash_init(void);
esp_err_t nvs_flash_init_partition(const char *partition_label);

/* ESP_ERR_NVS_NOT_INITIALIZED when it is not initialised */
esp_err_t nvs_flash_deinit(void);
esp_err_t nvs_flash_deinit_partition(const char *partition_label);

/* there is nothing to erase: checks that the partition exists and deinitialises it */
esp_err_t nvs_flash_erase(void);
esp_err_t nvs_flash_erase_partition(const char *partition_label);

#ifdef __cplusplus
}
#endif
