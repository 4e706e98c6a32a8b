/* SPDX-License-Identifier: MIT */
/* The firmware's end of a module: its symbol table. */
#pragma once

#include "module/hr_module.h"

typedef struct {
    volatile uint32_t *table; /* stubs read it at any time: each entry changes by one store */
    hr_exports_t exports;
} hr_target_t;

void hr_target_point_to(const hr_target_t *target, const uint32_t *addresses);
void hr_target_point_to_unloaded(const hr_target_t *target);

/* The same for those entries of `old` that `next` does not have. */
void hr_target_leave(const hr_target_t *old, const hr_target_t *next);

/* Where the entries lead now. */
void hr_target_read(const hr_target_t *target, uint32_t *addresses);
