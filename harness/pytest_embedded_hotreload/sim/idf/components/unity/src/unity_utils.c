/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "esp_heap_caps.h"
#include "unity.h"
#include "unity_test_utils.h"

static size_t s_leak_level;
static size_t s_free_8bit;
static size_t s_free_32bit;

void unity_utils_task_delete(TaskHandle_t thandle)
{
    vTaskDelete(thandle);
    /* the idle task frees the memory of deleted tasks */
    vTaskDelay(2);
}

void unity_utils_set_leak_level(size_t leak_level)
{
    s_leak_level = leak_level;
}

void unity_utils_record_free_mem(void)
{
    s_free_8bit = heap_caps_get_free_size(MALLOC_CAP_8BIT);
    s_free_32bit = heap_caps_get_free_size(MALLOC_CAP_32BIT);
}

void unity_utils_check_leak(unsigned int before_free, unsigned int after_free, const char *type,
                            unsigned int threshold)
{
    int kept = (int)before_free - (int)after_free;
    if (kept <= (int)threshold) {
        return;
    }
    printf("MALLOC_CAP_%s: before %u bytes free, after %u bytes free, %d bytes kept (threshold %u)\n",
           type, before_free, after_free, kept, threshold);
    TEST_FAIL_MESSAGE("The test leaked too much memory");
}

void unity_utils_evaluate_leaks_direct(size_t threshold)
{
    unity_utils_check_leak(s_free_8bit, heap_caps_get_free_size(MALLOC_CAP_8BIT), "8BIT", threshold);
    unity_utils_check_leak(s_free_32bit, heap_caps_get_free_size(MALLOC_CAP_32BIT), "32BIT", threshold);
}

void unity_utils_evaluate_leaks(void)
{
    unity_utils_evaluate_leaks_direct(s_leak_level);
}
