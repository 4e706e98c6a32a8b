/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "esp_attr.h"
#include "esp_chip_info.h"
#include "esp_cpu.h"
#include "esp_idf_version.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_rom_crc.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "unity.h"

TEST_CASE("random numbers differ", "[system]")
{
    uint32_t numbers[64];
    uint8_t bytes[37] = {0};
    for (int i = 0; i < 64; i++) {
        numbers[i] = esp_random();
        for (int j = 0; j < i; j++) {
            TEST_ASSERT_NOT_EQUAL(numbers[j], numbers[i]);
        }
    }
    esp_fill_random(bytes, 36);
    TEST_ASSERT_EQUAL(0, bytes[36]);
    int zeros = 0;
    for (int i = 0; i < 36; i++) {
        zeros += bytes[i] == 0;
    }
    TEST_ASSERT_LESS_THAN(10, zeros);
}

TEST_CASE("the board tells who it is", "[system]")
{
    static const uint8_t wanted[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    uint8_t mac[6];
    TEST_ASSERT_EQUAL(ESP_OK, esp_read_mac(mac, ESP_MAC_ETH));
    TEST_ASSERT_EQUAL_HEX8_ARRAY(wanted, mac, 6);
    esp_chip_info_t info;
    esp_chip_info(&info);
    TEST_ASSERT_EQUAL(CHIP_ESP32, info.model);
    TEST_ASSERT_EQUAL(1, info.cores);
    TEST_ASSERT_EQUAL_STRING_LEN("v5.1", esp_get_idf_version(), 4);
    TEST_ASSERT_EQUAL(5, ESP_IDF_VERSION_MAJOR);
    TEST_ASSERT_TRUE(ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 1, 0));
    TEST_ASSERT_EQUAL_HEX32(0xcbf43926, esp_rom_crc32_le(0, (const uint8_t *)"123456789", 9));
    uint32_t before = esp_cpu_get_cycle_count();
    TEST_ASSERT_GREATER_THAN_UINT32(0, esp_cpu_get_cycle_count() - before);
}

static __NOINIT_ATTR uint32_t s_kept;
static RTC_NOINIT_ATTR uint32_t s_kept_too;
static uint32_t s_cleared;
static uint32_t s_initialized = 5;

static int s_handler_calls;

static void on_shutdown_first(void)
{
    printf("shutdown handler %d\n", ++s_handler_calls);
}

static void on_shutdown_second(void)
{
    printf("shutdown handler %d of two\n", ++s_handler_calls);
}

static void restart(void)
{
    s_kept = 0x12345678;
    s_kept_too = 0x87654321;
    s_cleared = 77;
    s_initialized = 77;
    TEST_ASSERT_EQUAL(ESP_OK, esp_register_shutdown_handler(on_shutdown_first));
    TEST_ASSERT_EQUAL(ESP_OK, esp_register_shutdown_handler(on_shutdown_second));
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, esp_register_shutdown_handler(on_shutdown_first));
    esp_restart();
}

static void check_after_restart(void)
{
    TEST_ASSERT_EQUAL(ESP_RST_SW, esp_reset_reason());
    TEST_ASSERT_EQUAL_HEX32(0x12345678, s_kept);
    TEST_ASSERT_EQUAL_HEX32(0x87654321, s_kept_too);
    TEST_ASSERT_EQUAL(0, s_cleared);
    TEST_ASSERT_EQUAL(5, s_initialized);
}

TEST_CASE_MULTIPLE_STAGES("a restart keeps what is not initialized", "[system]", restart,
                          check_after_restart)
