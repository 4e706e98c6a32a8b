/* SPDX-License-Identifier: MIT */
/* Where the firmware's own code is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HR_CODE_RANGES_MAX 3

typedef struct {
    uint32_t start;
    uint32_t size;
} hr_code_t;

/* In flash, in IRAM and in ROM, as far as the chip has them; returns how many. Memory of the heap, in
   which modules are, is in none. */
size_t hr_code_ranges(hr_code_t ranges[HR_CODE_RANGES_MAX]);
