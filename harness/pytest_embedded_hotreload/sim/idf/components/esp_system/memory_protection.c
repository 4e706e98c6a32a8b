/* SPDX-License-Identifier: MIT */
#include "esp_private/memory_protection.h"

#include <stdint.h>

#include "sdkconfig.h"
#include "soc/sim_board.h"

/* attributes of the region protection option (ISA manual; QEMU's mmu_helper.c) */
#define ATTR_READ_WRITE 0
#define ATTR_ALL 2
#define ATTR_EXECUTE 3
#define ATTR_NONE 15

static void set_region(uint32_t address, uint32_t attribute)
{
    __asm__ volatile("wdtlb %0, %1\n\tdsync\n\twitlb %0, %1\n\tisync"
                     :
                     : "a"(attribute), "a"(address)
                     : "memory");
}

void esp_memory_protection_open_iram(bool open)
{
    __asm__ volatile("wdtlb %0, %1\n\tdsync"
                     :
                     : "a"(open ? ATTR_ALL : ATTR_NONE), "a"(SIM_IRAM_BASE)
                     : "memory");
}

void esp_memory_protection_init(void)
{
    static const uint8_t attributes[8] = {
        ATTR_NONE,       /* 0x00000000: null pointers */
        ATTR_READ_WRITE, /* 0x20000000: data RAM */
        ATTR_ALL,        /* 0x40000000: instruction RAM */
        ATTR_ALL,        /* 0x60000000: system RAM */
        ATTR_READ_WRITE, /* 0x80000000: flash and devices */
        ATTR_NONE,
        ATTR_NONE,
        ATTR_NONE,
    };
    for (uint32_t region = 0; region < 8; region++) {
        set_region(region << 29, attributes[region]);
    }
#if CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY
    /* QEMU lets data accesses use what a fetch was allowed */
    __asm__ volatile("witlb %0, %1\n\tisync" : : "a"(ATTR_EXECUTE), "a"(SIM_IRAM_BASE) : "memory");
    esp_memory_protection_open_iram(false);
#endif
}
