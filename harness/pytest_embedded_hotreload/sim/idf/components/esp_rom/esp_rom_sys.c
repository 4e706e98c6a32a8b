/* SPDX-License-Identifier: MIT */
#include "esp_rom_sys.h"

#include "soc/sim_board.h"
#include "xt_utils.h"

uint32_t esp_rom_get_cpu_ticks_per_us(void)
{
    return SIM_REG32(SIM_FPGA_CLOCK_HZ) / 1000000;
}

void esp_rom_delay_us(uint32_t us)
{
    uint32_t per_us = esp_rom_get_cpu_ticks_per_us();
    /* in steps that the 32 bits of CCOUNT can measure */
    while (us > 0) {
        uint32_t step = us < 1000000 ? us : 1000000;
        uint32_t start = xt_utils_get_cycle_count();
        while (xt_utils_get_cycle_count() - start < step * per_us) {
        }
        us -= step;
    }
}

void esp_rom_software_reset_system(void)
{
    SIM_REG32(SIM_FPGA_RESET) = SIM_FPGA_RESET_MAGIC;
    for (;;) { /* the emulator resets a little later */
        __asm__ volatile("waiti 15");
    }
}
