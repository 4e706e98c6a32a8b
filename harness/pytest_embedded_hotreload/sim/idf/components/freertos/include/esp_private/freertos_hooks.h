/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

/* weak: an application may have its own; does not return */
void vApplicationStackOverflowHook(TaskHandle_t task, char *name);

/* for the idle task; false: one of its hooks wants to be called again at once */
bool esp_vApplicationIdleHook(void);
