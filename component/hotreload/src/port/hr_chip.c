/* SPDX-License-Identifier: MIT */
#include "port/hr_chip.h"

#include <stddef.h>

#include "soc/soc.h"

/* and behind them RTC fast memory (ESP32 technical reference manual, "Address Mapping") */
#define REGISTERS_LOW 0x3ff00000
#define REGISTERS_HIGH 0x3ff82000

/* a flash, or a RAM, is not larger */
#define NUMBERS (16u * 1024 * 1024)

static const struct {
    uint32_t low;
    uint32_t high;
} places[] = {
    {SOC_IROM_LOW, SOC_IROM_HIGH},
    {SOC_MEM_INTERNAL_LOW, SOC_MEM_INTERNAL_HIGH},
    {SOC_DROM_LOW, SOC_DROM_HIGH},
    {SOC_EXTRAM_DATA_LOW, SOC_EXTRAM_DATA_HIGH},
    {REGISTERS_LOW, REGISTERS_HIGH},
#ifdef SOC_RTC_DATA_LOW
    {SOC_RTC_DATA_LOW, SOC_RTC_DATA_HIGH},
#endif
};

bool hr_chip_has(uint32_t address)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (address - places[i].low <= places[i].high - places[i].low) {
            return true;
        }
    }
    return address + NUMBERS < 2 * NUMBERS;
}
