/* SPDX-License-Identifier: MIT */
#include "module/hr_target.h"

#include <string.h>

void hr_target_point_to(const hr_target_t *target, const uint32_t *addresses)
{
    volatile uint32_t *table = target->table;
    size_t count = target->exports.count;
    for (size_t i = 0; i < count; i++) {
        table[i] = addresses[i];
    }
}

void hr_target_point_all(const hr_target_t *target, uint32_t address)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        target->table[i] = address;
    }
}

bool hr_target_index(const hr_target_t *target, const volatile uint32_t *entry, size_t *index)
{
    uintptr_t at = (uintptr_t)entry - (uintptr_t)target->table; /* huge in front of the table */
    *index = at / sizeof(uint32_t);
    return *index < target->exports.count;
}

bool hr_target_find(const hr_target_t *target, const char *name, size_t *index)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        if (strcmp(target->exports.names[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}
