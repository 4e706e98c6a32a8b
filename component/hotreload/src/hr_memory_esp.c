/* SPDX-License-Identifier: MIT */
#include "hr_memory_esp.h"

#include "esp_heap_caps.h"

static void *allocate(void *context, hr_segment_kind_t kind, uint32_t size)
{
    (void)context;
    uint32_t caps = kind == HR_SEGMENT_TEXT ? MALLOC_CAP_EXEC | MALLOC_CAP_32BIT
                                            : MALLOC_CAP_8BIT | MALLOC_CAP_DEFAULT;
    return heap_caps_malloc(size, caps);
}

static void release(void *context, void *block)
{
    (void)context;
    heap_caps_free(block);
}

static uint32_t address(void *context, const void *block)
{
    (void)context;
    return (uint32_t)(uintptr_t)block;
}

const hr_memory_t hr_memory_esp = {
    .allocate = allocate,
    .release = release,
    .address = address,
};
