/* SPDX-License-Identifier: MIT */
#include "esp_chip_info.h"
#include "esp_cpu.h"

void esp_chip_info(esp_chip_info_t *info)
{
    *info = (esp_chip_info_t){.model = CHIP_ESP32, .cores = 1};
}

bool esp_cpu_compare_and_set(volatile uint32_t *addr, uint32_t compare, uint32_t value)
{
    uint32_t ps = xt_int_disable();
    bool equal = *addr == compare;
    if (equal) {
        *addr = value;
    }
    xt_int_restore(ps);
    return equal;
}
