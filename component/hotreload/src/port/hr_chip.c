/* SPDX-License-Identifier: MIT */
#include "port/hr_chip.h"

/* and behind them RTC fast memory (ESP32 technical reference manual, "Address Mapping") */
#define REGISTERS_LOW 0x3ff00000
#define REGISTERS_HIGH 0x3ff82000

/* a flash, or a RAM, is not larger */
#define NUMBERS (16u * 1024 * 1024)

#define PLACE(low, high) {(low), (uint32_t)(high) - (uint32_t)(low) + 1}

const hr_chip_place_t hr_chip_places[HR_CHIP_PLACES] = {
    PLACE(SOC_IROM_LOW, SOC_IROM_HIGH),
    {0u - NUMBERS, 2 * NUMBERS},
    PLACE(SOC_MEM_INTERNAL_LOW, SOC_MEM_INTERNAL_HIGH),
    PLACE(SOC_DROM_LOW, SOC_DROM_HIGH),
    PLACE(SOC_EXTRAM_DATA_LOW, SOC_EXTRAM_DATA_HIGH),
    PLACE(REGISTERS_LOW, REGISTERS_HIGH),
#ifdef SOC_RTC_DATA_LOW
    PLACE(SOC_RTC_DATA_LOW, SOC_RTC_DATA_HIGH),
#endif
};
