/* SPDX-License-Identifier: MIT */
/* The device's heaps: text into executable RAM, data into byte-addressable RAM. */
#pragma once

#include "module/hr_place.h"

extern const hr_memory_t hr_memory_esp;

/* Refuses a checked image that could not be loaded with all memory free. */
esp_err_t hr_memory_esp_check(const hr_image_t *image, hr_report_t *report);
