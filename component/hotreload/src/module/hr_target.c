/* SPDX-License-Identifier: MIT */
#include "module/hr_target.h"

#include "module/hr_unloaded.h"

void hr_target_point_to(const hr_target_t *target, const uint32_t *addresses)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        target->table[i] = addresses[i];
    }
}

void hr_target_point_to_unloaded(const hr_target_t *target)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        target->table[i] = (uint32_t)(uintptr_t)hotreload_unloaded_stub;
    }
}

void hr_target_leave(const hr_target_t *old, const hr_target_t *next)
{
    for (size_t i = 0; i < old->exports.count; i++) {
        uintptr_t at = (uintptr_t)&old->table[i] - (uintptr_t)next->table;
        if (at >= next->exports.count * sizeof(uint32_t)) {
            old->table[i] = (uint32_t)(uintptr_t)hotreload_unloaded_stub;
        }
    }
}

void hr_target_read(const hr_target_t *target, uint32_t *addresses)
{
    for (size_t i = 0; i < target->exports.count; i++) {
        addresses[i] = target->table[i];
    }
}
