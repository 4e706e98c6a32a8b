/* SPDX-License-Identifier: MIT */
/* the board: QEMU's machine lx60-nommu, core de212 (hw/xtensa/xtfpga.c) */
#pragma once

#define SIM_SYSRAM_BASE 0x60000000
#define SIM_SYSRAM_SIZE 0x04000000

/* a part of system RAM that stands for the external RAM of a module with PSRAM */
#define SIM_SPIRAM_BASE 0x62000000
#define SIM_SPIRAM_SIZE 0x00400000

#define SIM_IRAM_BASE 0x40000000
#define SIM_IRAM_SIZE 0x00020000

#define SIM_DRAM_BASE 0x3ffe0000
#define SIM_DRAM_SIZE 0x00020000

/* parallel NOR flash, Intel command set; the alias is the same array, where RAM's code can call */
#define SIM_FLASH_BASE 0x98000000
#define SIM_FLASH_EXEC_BASE 0x78000000
#define SIM_FLASH_SIZE 0x00400000
#define SIM_FLASH_SECTOR_SIZE 0x00010000

#define SIM_FPGA_BASE 0x9d020000
#define SIM_FPGA_CLOCK_HZ (SIM_FPGA_BASE + 0x04)
#define SIM_FPGA_RESET (SIM_FPGA_BASE + 0x10)
#define SIM_FPGA_RESET_MAGIC 0xdead

#define SIM_ETH_BASE 0x9d030000
#define SIM_ETH_DESC_BASE (SIM_ETH_BASE + 0x400)

#define SIM_UART_BASE 0x9d050020

#ifndef __ASSEMBLER__
#include <stdint.h>
#define SIM_REG32(addr) (*(volatile uint32_t *)(addr))
#endif
