/* SPDX-License-Identifier: MIT */
/* The ESP32's memories (technical reference manual, "Address Mapping"). */
#pragma once

#define SOC_DROM_LOW 0x3f400000
#define SOC_DROM_HIGH 0x3f800000
#define SOC_EXTRAM_DATA_LOW 0x3f800000
#define SOC_EXTRAM_DATA_HIGH 0x3fc00000
#define SOC_MEM_INTERNAL_LOW 0x3ff90000
#define SOC_MEM_INTERNAL_HIGH 0x400c2000
#define SOC_IROM_LOW 0x400d0000
#define SOC_IROM_HIGH 0x40400000
#define SOC_RTC_DATA_LOW 0x50000000
#define SOC_RTC_DATA_HIGH 0x50002000
