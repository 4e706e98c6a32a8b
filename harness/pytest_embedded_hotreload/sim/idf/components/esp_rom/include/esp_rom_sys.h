/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* straight to the UART, from anywhere: no lock, no buffer; integers, strings, characters */
int esp_rom_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int esp_rom_vprintf(const char *format, va_list args);

void esp_rom_delay_us(uint32_t us);
void esp_rom_software_reset_system(void) __attribute__((noreturn));
uint32_t esp_rom_get_cpu_ticks_per_us(void);

#ifdef __cplusplus
}
#endif
