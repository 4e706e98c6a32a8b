/* SPDX-License-Identifier: MIT */
/* One task and no interrupts: nothing to keep out. */
#pragma once

#include <stdint.h>

typedef int portMUX_TYPE;
typedef int BaseType_t;

#define portMUX_INITIALIZER_UNLOCKED 0
#define portENTER_CRITICAL(mux) ((void)(mux))
#define portEXIT_CRITICAL(mux) ((void)(mux))
#define configTICK_RATE_HZ 100
#define portMAX_DELAY UINT32_MAX
#define pdTRUE 1
