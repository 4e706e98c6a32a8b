/* SPDX-License-Identifier: MIT */
/* The firmware's end of a module: its symbol table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the firmware wants of a module. */
typedef struct {
    const char *const *names;
    size_t count;
} hr_exports_t;

typedef struct {
    volatile uint32_t *table; /* stubs read it at any time: each entry changes by one store */
    hr_exports_t exports;
} hr_target_t;

void hr_target_point_to(const hr_target_t *target, const uint32_t *addresses);

/* All entries lead to one function. */
void hr_target_point_all(const hr_target_t *target, uint32_t address);

/* Whether the table has this entry, and which one it is. */
bool hr_target_index(const hr_target_t *target, const volatile uint32_t *entry, size_t *index);

/* Which entry is that of the function `name`. */
bool hr_target_find(const hr_target_t *target, const char *name, size_t *index);
