/* SPDX-License-Identifier: MIT */
/* One task and no interrupts: nothing to keep out. */
#pragma once

#include <stdint.h>

typedef int portMUX_TYPE;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;

#define portMUX_INITIALIZER_UNLOCKED 0
#define portENTER_CRITICAL(mux) ((void)(mux))
#define portEXIT_CRITICAL(mux) ((void)(mux))
#define portENTER_CRITICAL_SAFE(mux) ((void)(mux))
#define portEXIT_CRITICAL_SAFE(mux) ((void)(mux))
#define configTICK_RATE_HZ 100
#define pdMS_TO_TICKS(ms) ((ms) * configTICK_RATE_HZ / 1000)
#define portNUM_PROCESSORS 1
#define portMAX_DELAY UINT32_MAX
#define pdTRUE 1
#define pdPASS 1

/* see tasks.h */
BaseType_t xPortInIsrContext(void);
BaseType_t xPortCanYield(void);
BaseType_t xPortGetCoreID(void);
