/* SPDX-License-Identifier: MIT */
/* the memory map under the names that ESP-IDF's code uses */
#pragma once

#include "soc/sim_board.h"

#define SOC_DRAM_LOW SIM_DRAM_BASE
#define SOC_DRAM_HIGH (SIM_DRAM_BASE + SIM_DRAM_SIZE)
#define SOC_IRAM_LOW SIM_IRAM_BASE
#define SOC_IRAM_HIGH (SIM_IRAM_BASE + SIM_IRAM_SIZE)
/* one behind the other */
#define SOC_MEM_INTERNAL_LOW SIM_DRAM_BASE
#define SOC_MEM_INTERNAL_HIGH SOC_IRAM_HIGH
#define SOC_DROM_LOW SIM_FLASH_BASE
#define SOC_DROM_HIGH (SIM_FLASH_BASE + SIM_FLASH_SIZE)
#define SOC_IROM_LOW SIM_SYSRAM_BASE
#define SOC_IROM_HIGH (SIM_SYSRAM_BASE + SIM_SYSRAM_SIZE)

#define SOC_EXTRAM_DATA_LOW SIM_SPIRAM_BASE
#define SOC_EXTRAM_DATA_HIGH (SIM_SPIRAM_BASE + SIM_SPIRAM_SIZE)

#ifndef __ASSEMBLER__
#include "esp_bit_defs.h"
#endif
