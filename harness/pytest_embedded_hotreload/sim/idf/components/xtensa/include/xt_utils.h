/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

static inline uint32_t xt_utils_get_cycle_count(void)
{
    uint32_t cycles;
    __asm__ volatile("rsr %0, ccount" : "=a"(cycles));
    return cycles;
}

static inline void *xt_utils_get_sp(void)
{
    void *sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

/* lets the core sleep until an interrupt; unmasks all */
static inline void xt_utils_wait_for_intr(void)
{
    __asm__ volatile("waiti 0" : : : "memory");
}
