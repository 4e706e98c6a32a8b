/* SPDX-License-Identifier: MIT */
/* Where stubs enter a module: its functions have to begin as the stubs take for granted. */
#pragma once

#include "elf/hr_image.h"

/* Whether a stub can enter each of the functions at link addresses. What it takes depends on the ABI
   that the firmware, and so its stubs, are compiled for. */
esp_err_t hr_entry_check(const hr_image_t *image, const char *const *names, const uint32_t *links,
                         size_t count, hr_report_t *report);
