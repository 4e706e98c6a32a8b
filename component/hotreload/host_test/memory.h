/* SPDX-License-Identifier: MIT */
/* The host's heap for the code under test: counted, and out of memory on demand. */
#pragma once

#include <stdint.h>

#include "module/hr_place.h"

/* The n-th allocation from here on fails, once; 0: none does. */
void memory_fail_at(uint32_t allocation);

/* Allocations that were not freed. */
uint32_t memory_blocks(void);

/* Whether every block was declared complete, and not written to since. */
bool memory_is_complete(void);

/* Blocks of the host's heap that pretend to be at the target's addresses, from these on. */
const hr_memory_t *memory_at(uint32_t text_address, uint32_t data_address);

/* From here on the first word of each block that the component frees in the device's heaps is
   printed. */
void memory_watch_free(void);

/* Bytes, in addition to so many thousands: 1 for data RAM, 2 for executable RAM, 3 for PSRAM. */
#define MEMORY_FREE 300
#define MEMORY_MINIMUM 200
#define MEMORY_LARGEST 100
