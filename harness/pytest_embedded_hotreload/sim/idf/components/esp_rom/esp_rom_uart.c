/* SPDX-License-Identifier: MIT */
#include "esp_rom_uart.h"

#include "soc/uart_reg.h"

void esp_rom_uart_tx_one_char(uint8_t c)
{
    while (!(SIM_REG32(UART_LSR) & UART_LSR_THR_EMPTY)) {
    }
    SIM_REG32(UART_DATA) = c;
}

void esp_rom_uart_putc(char c)
{
    if (c == '\n') {
        esp_rom_uart_tx_one_char('\r');
    }
    esp_rom_uart_tx_one_char((uint8_t)c);
}

void esp_rom_uart_tx_wait_idle(uint8_t uart_no)
{
    (void)uart_no;
    while (!(SIM_REG32(UART_LSR) & UART_LSR_TX_IDLE)) {
    }
}

void esp_rom_uart_flush_tx(uint8_t uart_no)
{
    esp_rom_uart_tx_wait_idle(uart_no);
}

int esp_rom_uart_rx_one_char(uint8_t *c)
{
    if (!(SIM_REG32(UART_LSR) & UART_LSR_DATA_READY)) {
        return 1;
    }
    *c = (uint8_t)SIM_REG32(UART_DATA);
    return 0;
}
