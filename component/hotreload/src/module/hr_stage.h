/* SPDX-License-Identifier: MIT */
/* A module on its way in: checked where it lies, then placed in RAM. Nobody calls it yet. */
#pragma once

#include "elf/hr_image.h"
#include "module/hr_module.h"
#include "lifecycle/hr_source.h"

typedef struct {
    hr_module_t *module;
    uint32_t *addresses; /* of the exports: where they are linked, once placed where they run */
    size_t count;
    hr_origin_t origin;
} hr_staged_t;

/* The first half of staging: all that can fail for another reason than the memory of segments.
   `image` reads in the source. After a failure nothing is left, here and in the other functions. */
esp_err_t hr_stage_check(hr_staged_t *staged, hr_image_t *image, const hr_source_t *source,
                         const hr_exports_t *exports, hr_report_t *report);

/* The second half: places what was checked, as module `number`. */
esp_err_t hr_stage_place(hr_staged_t *staged, const hr_image_t *image, uint32_t number,
                         hr_report_t *report);

/* Both. */
esp_err_t hr_stage(hr_staged_t *staged, const hr_source_t *source, const hr_exports_t *exports,
                   uint32_t number, hr_report_t *report);

/* Gives up what was checked but not placed. */
void hr_stage_drop(hr_staged_t *staged);
