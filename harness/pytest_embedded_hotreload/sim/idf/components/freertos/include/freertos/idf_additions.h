/* SPDX-License-Identifier: MIT */
/* what ESP-IDF adds to FreeRTOS's task API; included by task.h */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

static inline TaskHandle_t xTaskGetIdleTaskHandleForCPU(UBaseType_t core)
{
    (void)core;
    return xTaskGetIdleTaskHandle();
}

static inline TaskHandle_t xTaskGetCurrentTaskHandleForCPU(BaseType_t core)
{
    (void)core;
    return xTaskGetCurrentTaskHandle();
}

static inline BaseType_t xTaskGetCoreID(TaskHandle_t task)
{
    return xTaskGetAffinity(task);
}

#ifdef __cplusplus
}
#endif
