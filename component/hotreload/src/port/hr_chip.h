/* SPDX-License-Identifier: MIT */
/* What the chip has at an address. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether it has memory or registers there; the end of a memory counts as well. So does what is less
   than 16 MB from 0: a number, a size for instance, to which a linker script gives a name. */
bool hr_chip_has(uint32_t address);
