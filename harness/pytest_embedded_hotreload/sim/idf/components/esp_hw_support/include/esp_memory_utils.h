/* SPDX-License-Identifier: MIT */
/* what kind of memory an address is in */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "soc/soc.h"

static inline bool esp_ptr_in_range(const void *p, uintptr_t low, uintptr_t high)
{
    return (uintptr_t)p >= low && (uintptr_t)p < high;
}

static inline bool esp_ptr_in_dram(const void *p)
{
    return esp_ptr_in_range(p, SOC_DRAM_LOW, SOC_DRAM_HIGH);
}

static inline bool esp_ptr_in_iram(const void *p)
{
    return esp_ptr_in_range(p, SOC_IRAM_LOW, SOC_IRAM_HIGH);
}

static inline bool esp_ptr_in_drom(const void *p)
{
    return esp_ptr_in_range(p, SOC_DROM_LOW, SOC_DROM_HIGH);
}

static inline bool esp_ptr_external_ram(const void *p)
{
    return esp_ptr_in_range(p, SOC_EXTRAM_DATA_LOW, SOC_EXTRAM_DATA_HIGH);
}

/* the application's image and the second data heap */
static inline bool esp_ptr_in_sysram(const void *p)
{
    return esp_ptr_in_range(p, SOC_IROM_LOW, SOC_IROM_HIGH) && !esp_ptr_external_ram(p);
}

static inline bool esp_ptr_internal(const void *p)
{
    return esp_ptr_in_dram(p) || esp_ptr_in_iram(p) || esp_ptr_in_sysram(p);
}

static inline bool esp_ptr_byte_accessible(const void *p)
{
    return esp_ptr_in_dram(p) || esp_ptr_in_sysram(p) || esp_ptr_external_ram(p);
}

static inline bool esp_ptr_word_aligned(const void *p)
{
    return ((uintptr_t)p & 3) == 0;
}

static inline bool esp_ptr_executable(const void *p)
{
    return esp_ptr_in_iram(p) || esp_ptr_in_sysram(p);
}

static inline bool esp_ptr_dma_capable(const void *p)
{
    return esp_ptr_in_dram(p) || esp_ptr_in_sysram(p);
}

/* a stack pointer that can be followed */
static inline bool esp_stack_ptr_is_sane(uint32_t sp)
{
    return esp_ptr_byte_accessible((const void *)(uintptr_t)sp) && (sp & 0xf) == 0;
}
