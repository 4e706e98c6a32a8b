/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_ROM_UART_0,
} esp_rom_uart_num_t;

/* waits for room; a line feed is sent as it is by the first, as CR LF by the second */
void esp_rom_uart_tx_one_char(uint8_t c);
void esp_rom_uart_putc(char c);
void esp_rom_uart_flush_tx(uint8_t uart_no);
void esp_rom_uart_tx_wait_idle(uint8_t uart_no);

/* what the receiver holds: 0 and a character, or 1. The console driver empties it when it is
   in use. */
int esp_rom_uart_rx_one_char(uint8_t *c);

#ifdef __cplusplus
}
#endif
