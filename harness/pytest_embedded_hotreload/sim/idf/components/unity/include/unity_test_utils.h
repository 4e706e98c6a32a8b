/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "unity_test_utils_memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* deletes a task and lets the idle task free its memory */
void unity_utils_task_delete(TaskHandle_t thandle);

#ifdef __cplusplus
}
#endif
