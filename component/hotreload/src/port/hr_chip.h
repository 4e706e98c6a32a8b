/* SPDX-License-Identifier: MIT */
/* What the chip has at an address. */
#pragma once

#include <stdint.h>

#include "soc/soc.h"

#ifdef SOC_RTC_DATA_LOW
#define HR_CHIP_PLACES 7
#else
#define HR_CHIP_PLACES 6
#endif

typedef struct {
    uint32_t start;
    uint32_t size;
} hr_chip_place_t;

/* Memory and registers; the end of a memory counts as well. So does what is less than 16 MB from 0: a
   number, a size for instance, to which a linker script gives a name. */
extern const hr_chip_place_t hr_chip_places[HR_CHIP_PLACES];
