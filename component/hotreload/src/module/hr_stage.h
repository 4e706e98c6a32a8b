/* SPDX-License-Identifier: MIT */
/* A module on its way in: checked where it lies, then placed in RAM. Nobody calls it yet. */
#pragma once

#include "module/hr_module.h"

/* The first half of staging: all that can fail for another reason than the memory of segments.
   `image` reads in `data`. After a failure nothing is left, here and in the other function. */
esp_err_t hr_stage_check(hr_module_t **module, hr_image_t *image, const void *data, size_t size,
                         const hr_target_t *target, hr_report_t *report);

/* The second half: places what was checked, as module `number`. */
esp_err_t hr_stage_place(hr_module_t *module, const hr_image_t *image, uint32_t number,
                         hr_report_t *report);

/* Gives up what was checked but not placed. */
void hr_stage_drop(hr_module_t *module);

/* Gives up what was placed but is not called. */
void hr_stage_remove(hr_module_t *module);
