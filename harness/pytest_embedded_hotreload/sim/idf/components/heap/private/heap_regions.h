/* SPDX-License-Identifier: MIT */
#pragma once

#include "block_heap.h"
#include "sdkconfig.h"

typedef struct {
    const char *name;
    uint32_t caps;
    uintptr_t start;
    uintptr_t end;
    block_heap_t heap;
} heap_region_t;

#if CONFIG_SPIRAM_USE_CAPS_ALLOC || CONFIG_SPIRAM_USE_MALLOC
#define HEAP_HAS_SPIRAM 1
#else
#define HEAP_HAS_SPIRAM 0
#endif

#define HEAP_REGION_COUNT (3 + HEAP_HAS_SPIRAM)
/* in the order in which they are tried */
extern heap_region_t heap_regions[HEAP_REGION_COUNT];
