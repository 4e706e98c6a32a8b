/* SPDX-License-Identifier: MIT */
#include "module/hr_memory_esp.h"

#include <inttypes.h>

#include "esp_heap_caps.h"
#include "sdkconfig.h"

/* With PSRAM in use, MALLOC_CAP_DEFAULT alone may give it (ESP-IDF, memory_layout.c of the heap):
   where data lies is for the configuration to say. */
#if CONFIG_HOTRELOAD_DATA_IN_PSRAM
#define DATA_CAPS (MALLOC_CAP_8BIT | MALLOC_CAP_SPIRAM)
#define DATA_NAME "data (PSRAM)"
#else
#define DATA_CAPS (MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL)
#define DATA_NAME "data"
#endif

static uint32_t caps_of(hr_segment_kind_t kind)
{
    return kind == HR_SEGMENT_TEXT ? MALLOC_CAP_EXEC | MALLOC_CAP_32BIT : DATA_CAPS;
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

/* The ESP32 needs no cache maintenance: internal RAM has no cache, and of the two caches of PSRAM
   each serves addresses of its own for both cores (ESP-IDF: PSRAM_VADDR_MODE_LOWHIGH). What is left
   is to have the stores done before the symbol table's, and to drop what this core has fetched
   ahead (Xtensa ISA manual, MEMW, ISYNC). The other core last executed something else: it has left
   what was here before by a return, since when it has fetched other code. */
static void complete(void *context)
{
    (void)context;
#ifdef __XTENSA__
    __asm__ volatile("memw\n\tisync" ::: "memory");
#endif
}

const hr_memory_t hr_memory_esp = {
    .allocate = allocate,
    .release = release,
    .address = address,
    .complete = complete,
    .names = {[HR_SEGMENT_TEXT] = "text", [HR_SEGMENT_DATA] = DATA_NAME},
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
                             hr_memory_esp.names[segment->kind], (unsigned)total);
        }
    }
    return ESP_OK;
}
