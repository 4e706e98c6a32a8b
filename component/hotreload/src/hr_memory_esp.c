/* SPDX-License-Identifier: MIT */
#include "hr_memory_esp.h"

#include <inttypes.h>

#include "esp_heap_caps.h"

static uint32_t caps_of(hr_segment_kind_t kind)
{
    return kind == HR_SEGMENT_TEXT ? MALLOC_CAP_EXEC | MALLOC_CAP_32BIT
                                   : MALLOC_CAP_8BIT | MALLOC_CAP_DEFAULT;
}

static void *allocate(void *context, hr_segment_kind_t kind, uint32_t size)
{
    (void)context;
    return heap_caps_malloc(size, caps_of(kind));
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

esp_err_t hr_memory_esp_check(const hr_image_t *image, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->load_count; i++) {
        const hr_segment_t *segment = &image->segments[i];
        size_t total = heap_caps_get_total_size(caps_of(segment->kind));
        if (segment->memory_size > total) {
            return hr_reject(report, ESP_ERR_NO_MEM,
                             "the segment at 0x%08" PRIx32 " has p_memsz %" PRIu32
                             ", all memory for %s is %u bytes",
                             segment->link, segment->memory_size,
                             segment->kind == HR_SEGMENT_TEXT ? "text" : "data", (unsigned)total);
        }
    }
    return ESP_OK;
}
