/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#define LOG_LOCAL_LEVEL ESP_LOG_VERBOSE
#include "esp_log.h"
#include "unity.h"

static const char *TAG = "taste";
static char s_captured[512];

static int capture(const char *format, va_list args)
{
    size_t length = strlen(s_captured);
    return vsnprintf(s_captured + length, sizeof(s_captured) - length, format, args);
}

/* what the log said of a fixed time */
static const char *without_time(void)
{
    static char text[sizeof(s_captured)];
    char *to = text;
    for (const char *from = s_captured; *from; from++) {
        if (*from == '(') {
            TEST_ASSERT_TRUE(from[1] >= '0' && from[1] <= '9');
            from = strchr(from, ')');
            to = stpcpy(to, "(T");
        }
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void log_all_levels(void)
{
    s_captured[0] = '\0';
    ESP_LOGE(TAG, "e %d", 1);
    ESP_LOGW(TAG, "w");
    ESP_LOGI(TAG, "i");
    ESP_LOGD(TAG, "d");
    ESP_LOGV(TAG, "v");
}

TEST_CASE("log lines have their format, and levels are per tag", "[log]")
{
    vprintf_like_t before = esp_log_set_vprintf(capture);
    log_all_levels();
    esp_log_set_vprintf(before);
    TEST_ASSERT_EQUAL_STRING("E (T) taste: e 1\nW (T) taste: w\nI (T) taste: i\n", without_time());

    esp_log_level_set(TAG, ESP_LOG_VERBOSE);
    TEST_ASSERT_EQUAL(ESP_LOG_VERBOSE, esp_log_level_get(TAG));
    esp_log_set_vprintf(capture);
    log_all_levels();
    esp_log_set_vprintf(before);
    TEST_ASSERT_EQUAL_STRING("E (T) taste: e 1\nW (T) taste: w\nI (T) taste: i\nD (T) taste: d\n"
                             "V (T) taste: v\n",
                             without_time());

    esp_log_level_set("*", ESP_LOG_ERROR);
    esp_log_set_vprintf(capture);
    log_all_levels();
    esp_log_set_vprintf(before);
    TEST_ASSERT_EQUAL_STRING("E (T) taste: e 1\n", without_time());
    esp_log_level_set("*", CONFIG_LOG_DEFAULT_LEVEL);
    TEST_ASSERT_EQUAL(CONFIG_LOG_DEFAULT_LEVEL, esp_log_level_get(TAG));
}

TEST_CASE("buffers are logged as hex, text or both", "[log]")
{
    static const uint8_t bytes[18] = "Hello\x01 hexdump!\xff.";
    vprintf_like_t before = esp_log_set_vprintf(capture);
    s_captured[0] = '\0';
    ESP_LOG_BUFFER_HEX(TAG, bytes, 18);
    esp_log_set_vprintf(before);
    TEST_ASSERT_EQUAL_STRING("I (T) taste: 48 65 6c 6c 6f 01 20 68 65 78 64 75 6d 70 21 ff \n"
                             "I (T) taste: 2e 00 \n",
                             without_time());
    esp_log_set_vprintf(capture);
    s_captured[0] = '\0';
    ESP_LOG_BUFFER_CHAR(TAG, bytes, 5);
    ESP_LOG_BUFFER_HEXDUMP(TAG, bytes, 18, ESP_LOG_INFO);
    esp_log_set_vprintf(before);
    TEST_ASSERT_NOT_NULL(strstr(s_captured, "taste: Hello\n"));
    TEST_ASSERT_NOT_NULL(strstr(s_captured, "48 65 6c 6c 6f 01 20 68  65 78 64 75 6d 70 21 ff "));
    TEST_ASSERT_NOT_NULL(strstr(s_captured, "|Hello. hexdump!.|"));
    TEST_ASSERT_NOT_NULL(strstr(s_captured, "|..|"));
}

TEST_CASE("early log lines have the same format", "[log_early][ignore]")
{
    ESP_EARLY_LOGW(TAG, "early %s %08x %5d|%-4u|%llu", "text", 0xbeef, -42, 7u, 12345678901ULL);
    ESP_DRAM_LOGE(TAG, "dram %c%%", 'c');
}
