/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

/* weak: an application may have its own; does not return */
void vApplicationStackOverflowHook(TaskHandle_t task, char *name);
