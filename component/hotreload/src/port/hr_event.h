/* SPDX-License-Identifier: MIT */
/* Tells the application what happened; the events are documented in hotreload_event.h. */
#pragma once

#include <stdint.h>

#include "esp_err.h"

void hr_event_staged(uint32_t module, uint32_t size);
void hr_event_switched(uint32_t module, uint32_t previous);
void hr_event_retired(uint32_t module);
void hr_event_failed(const char *operation, esp_err_t error, uint32_t module);
void hr_event_updated(uint32_t size);
void hr_event_passed_over(uint32_t slot, esp_err_t error);
