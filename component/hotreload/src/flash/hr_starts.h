/* SPDX-License-Identifier: MIT */
/* Which starts that are marked in flash do not count.

   A start is marked before the module's code can run, as nobody knows how it will end. The mark of a
   start that is not over, or that ended without fault of the module, does not count and serves the
   next start. What has to be known for that lies in RTC memory: it survives resets, and is gone
   without power, which counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "port/hr_sha256.h"

/* A mark, bound to what it was made for. */
typedef struct {
    uint32_t address; /* of the slot in the flash chip */
    uint32_t starts;  /* marked in the slot, this one included */
    uint8_t hash[HR_SHA256_SIZE];
} hr_start_t;

/* Whether it is the last mark of its slot and does not count (yet). */
bool hr_starts_is_open(const hr_start_t *start);

/* The module is taken: its last mark is of this start. */
void hr_starts_open(const hr_start_t *start);

/* Another module is in the place of the one at `address`, or none: whatever ends the device later
   was not this start. */
void hr_starts_leave(uint32_t address);

/* In the panic handler, at any time and without a lock: whether a module was involved in the crash
   that ends the device. */
void hr_starts_note_panic(bool involved);
