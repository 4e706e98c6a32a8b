/* SPDX-License-Identifier: MIT */
#include "esp_check.h"
#include "esp_err.h"
#include "unity.h"

static const char *TAG = "errors";

TEST_CASE("error codes have names", "[errors]")
{
    char text[40];
    TEST_ASSERT_EQUAL_STRING("ESP_OK", esp_err_to_name(ESP_OK));
    TEST_ASSERT_EQUAL_STRING("ESP_FAIL", esp_err_to_name(ESP_FAIL));
    TEST_ASSERT_EQUAL_STRING("ESP_ERR_NO_MEM", esp_err_to_name(ESP_ERR_NO_MEM));
    TEST_ASSERT_EQUAL_STRING("ESP_ERR_NOT_FOUND", esp_err_to_name(0x105));
    TEST_ASSERT_EQUAL_STRING("ESP_ERR_NVS_NOT_FOUND", esp_err_to_name(0x1102));
    TEST_ASSERT_EQUAL_STRING("ESP_ERR_HTTPD_RESP_HDR", esp_err_to_name(0xb005));
    TEST_ASSERT_EQUAL_STRING("UNKNOWN ERROR", esp_err_to_name(0x7777));
    TEST_ASSERT_EQUAL_STRING("UNKNOWN ERROR 0x7777(30583)",
                             esp_err_to_name_r(0x7777, text, sizeof(text)));
    TEST_ASSERT_EQUAL_STRING("ESP_ERR_TIMEOUT",
                             esp_err_to_name_r(ESP_ERR_TIMEOUT, text, sizeof(text)));
}

static esp_err_t leave(esp_err_t err, bool condition, int *steps)
{
    esp_err_t ret = ESP_OK;
    ESP_RETURN_ON_ERROR(err, TAG, "returned %d", 1);
    ++*steps;
    ESP_RETURN_ON_FALSE(condition, ESP_ERR_INVALID_SIZE, TAG, "false");
    ++*steps;
    ESP_GOTO_ON_FALSE(*steps > 10, ESP_ERR_NOT_FINISHED, end, TAG, "few steps");
    ++*steps;
end:
    return ret;
}

TEST_CASE("checks leave a function with the error", "[errors]")
{
    int steps = 0;
    TEST_ASSERT_EQUAL(ESP_ERR_NO_MEM, leave(ESP_ERR_NO_MEM, true, &steps));
    TEST_ASSERT_EQUAL(0, steps);
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_SIZE, leave(ESP_OK, false, &steps));
    TEST_ASSERT_EQUAL(ESP_ERR_NOT_FINISHED, leave(ESP_OK, true, &steps));
    TEST_ASSERT_EQUAL(3, steps);
    steps = 20;
    TEST_ASSERT_EQUAL(ESP_OK, leave(ESP_OK, true, &steps));
    TEST_ASSERT_EQUAL(ESP_FAIL, ESP_ERROR_CHECK_WITHOUT_ABORT(ESP_FAIL));
    ESP_ERROR_CHECK(ESP_OK);
}
