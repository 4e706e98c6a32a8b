/* SPDX-License-Identifier: MIT */
/* Time passes only when the one task waits; see tasks.h. */
#pragma once

#include "freertos/FreeRTOS.h"

TickType_t xTaskGetTickCount(void);
void vTaskDelay(TickType_t ticks);
