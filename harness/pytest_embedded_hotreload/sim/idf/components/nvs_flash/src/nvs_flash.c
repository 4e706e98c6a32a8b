/* SPDX-License-Identifier: MIT */
#include "nvs_flash.h"

#include <stdbool.h>
#include <string.h>

#include "esp_partition.h"

/* the default partition and a few of the application's own */
#define MAX_INITIALISED 4
static const esp_partition_t *s_initialised[MAX_INITIALISED];

static const esp_partition_t *find(const char *label)
{
    if (label == NULL) {
        return NULL;
    }
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, label);
}

static const esp_partition_t **slot_of(const esp_partition_t *partition)
{
    for (size_t i = 0; i < MAX_INITIALISED; i++) {
        if (s_initialised[i] == partition) {
            return &s_initialised[i];
        }
    }
    return NULL;
}

esp_err_t nvs_flash_init_partition(const char *partition_label)
{
    const esp_partition_t *partition = find(partition_label);
    if (partition == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    if (slot_of(partition) != NULL) {
        return ESP_OK;
    }
    const esp_partition_t **slot = slot_of(NULL);
    if (slot == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *slot = partition;
    return ESP_OK;
}

esp_err_t nvs_flash_deinit_partition(const char *partition_label)
{
    const esp_partition_t *partition = find(partition_label);
    const esp_partition_t **slot = partition != NULL ? slot_of(partition) : NULL;
    if (slot == NULL) {
        return ESP_ERR_NVS_NOT_INITIALIZED;
    }
    *slot = NULL;
    return ESP_OK;
}

esp_err_t nvs_flash_erase_partition(const char *partition_label)
{
    if (find(partition_label) == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    nvs_flash_deinit_partition(partition_label);
    return ESP_OK;
}

esp_err_t nvs_flash_init(void)
{
    return nvs_flash_init_partition(NVS_DEFAULT_PART_NAME);
}

esp_err_t nvs_flash_deinit(void)
{
    return nvs_flash_deinit_partition(NVS_DEFAULT_PART_NAME);
}

esp_err_t nvs_flash_erase(void)
{
    return nvs_flash_erase_partition(NVS_DEFAULT_PART_NAME);
}
