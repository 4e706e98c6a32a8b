/* SPDX-License-Identifier: MIT */
/* Relocations: checked on the image before anything is allocated, applied to the placed copy. */
#pragma once

#include "module/hr_place.h"

/* Entries by type, as the trace shows them. */
typedef struct {
    uint32_t relative;
    uint32_t r32;
    uint32_t glob_dat;
    uint32_t jmp_slot;
    uint32_t plt;
    uint32_t none;
    uint32_t other; /* R_XTENSA_RTLD, which needs nothing either */
} hr_reloc_counts_t;

/* Checks type, place and symbol of every relocation; `total` receives how many there are. */
esp_err_t hr_reloc_check(const hr_image_t *image, uint32_t *total, hr_report_t *report);

/* Applies what hr_reloc_check() has passed. */
void hr_reloc_apply(const hr_image_t *image, const hr_placement_t *placement,
                    hr_reloc_counts_t *counts);
