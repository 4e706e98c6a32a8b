/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "xt_utils.h"
#include "xtensa/xtensa_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t esp_cpu_cycle_count_t;

static inline int esp_cpu_get_core_id(void)
{
    return 0;
}

static inline void *esp_cpu_get_sp(void)
{
    return xt_utils_get_sp();
}

static inline esp_cpu_cycle_count_t esp_cpu_get_cycle_count(void)
{
    return xt_utils_get_cycle_count();
}

static inline void esp_cpu_wait_for_intr(void)
{
    xt_utils_wait_for_intr();
}

/*
 * The call instruction before a return address. Its upper two bits are the call size: 1 for a
 * CALL4, which is what code addresses have there anyway, 2 or 3 for the longer ones.
 */
static inline uint32_t esp_cpu_process_stack_pc(uint32_t pc)
{
    if (pc & 0x80000000) {
        pc = (pc & 0x3fffffff) | 0x40000000;
    }
    return pc - 3;
}

static inline void esp_cpu_intr_enable(uint32_t mask)
{
    xt_ints_on(mask);
}

static inline void esp_cpu_intr_disable(uint32_t mask)
{
    xt_ints_off(mask);
}

bool esp_cpu_compare_and_set(volatile uint32_t *addr, uint32_t compare, uint32_t value);

#ifdef __cplusplus
}
#endif
