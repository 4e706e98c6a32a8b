/* SPDX-License-Identifier: MIT */
#pragma once

#include "block_heap.h"

typedef struct {
    const char *name;
    uint32_t caps;
    uintptr_t start;
    uintptr_t end;
    block_heap_t heap;
} heap_region_t;

#define HEAP_REGION_COUNT 3
/* in the order in which they are tried */
extern heap_region_t heap_regions[HEAP_REGION_COUNT];
