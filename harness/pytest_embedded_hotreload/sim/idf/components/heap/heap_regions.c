/* SPDX-License-Identifier: MIT */
#include "heap_regions.h"

#include "esp_heap_caps.h"
#include "esp_heap_caps_init.h"
#include "soc/sim_board.h"

/* from the linker script */
extern char _heap_dram_start[], _heap_sysram_start[], _heap_sysram_end[];

#define SPIRAM_CAPS \
    (MALLOC_CAP_DEFAULT | MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT | MALLOC_CAP_32BIT)
#define DATA_CAPS \
    (MALLOC_CAP_DEFAULT | MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT | MALLOC_CAP_32BIT | MALLOC_CAP_DMA)

/* as on the ESP32, memory that can do the least comes first, to keep the rest free */
heap_region_t heap_regions[HEAP_REGION_COUNT] = {
    {
        .name = "IRAM",
        .caps = MALLOC_CAP_EXEC | MALLOC_CAP_INTERNAL | MALLOC_CAP_32BIT,
        .start = SIM_IRAM_BASE,
        .end = SIM_IRAM_BASE + SIM_IRAM_SIZE,
    },
#if HEAP_HAS_SPIRAM
    /* as on the ESP32, before internal data RAM for who does not ask for that */
    {
        .name = "SPIRAM",
        .caps = SPIRAM_CAPS,
        .start = SIM_SPIRAM_BASE,
        .end = SIM_SPIRAM_BASE + SIM_SPIRAM_SIZE,
    },
#endif
    {
        .name = "DRAM",
        .caps = DATA_CAPS,
        .start = (uintptr_t)_heap_dram_start,
        .end = SIM_DRAM_BASE + SIM_DRAM_SIZE,
    },
    {
        .name = "sysram",
        .caps = DATA_CAPS,
        .start = (uintptr_t)_heap_sysram_start,
        .end = (uintptr_t)_heap_sysram_end,
    },
};

void heap_caps_init(void)
{
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        heap_region_t *region = &heap_regions[i];
        block_heap_init(&region->heap, (void *)region->start, region->end - region->start);
    }
}
