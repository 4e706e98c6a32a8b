/* SPDX-License-Identifier: MIT */
#include "nvs_flash.h"
#include "unity.h"

TEST_CASE("the storage is initialised and deinitialised", "[nvs]")
{
    TEST_ESP_ERR(ESP_ERR_NVS_NOT_INITIALIZED, nvs_flash_deinit());
    TEST_ESP_OK(nvs_flash_init());
    TEST_ESP_OK(nvs_flash_init());
    TEST_ESP_OK(nvs_flash_deinit());
    TEST_ESP_ERR(ESP_ERR_NVS_NOT_INITIALIZED, nvs_flash_deinit());
}

TEST_CASE("erasing the storage deinitialises it", "[nvs]")
{
    TEST_ESP_OK(nvs_flash_init());
    TEST_ESP_OK(nvs_flash_erase());
    TEST_ESP_ERR(ESP_ERR_NVS_NOT_INITIALIZED, nvs_flash_deinit());
}

TEST_CASE("the storage needs its partition", "[nvs]")
{
    TEST_ESP_ERR(ESP_ERR_NOT_FOUND, nvs_flash_init_partition("none"));
    TEST_ESP_ERR(ESP_ERR_NOT_FOUND, nvs_flash_init_partition("scratch"));
    TEST_ESP_ERR(ESP_ERR_NOT_FOUND, nvs_flash_erase_partition("none"));
    TEST_ESP_ERR(ESP_ERR_NOT_FOUND, nvs_flash_init_partition(NULL));
}
