/* SPDX-License-Identifier: MIT */
/* the 16550, one register per word */
#pragma once

#include "soc/sim_board.h"

#define UART_DATA (SIM_UART_BASE + 0x00)
#define UART_IER (SIM_UART_BASE + 0x04)
#define UART_IER_RX 0x01
#define UART_FCR (SIM_UART_BASE + 0x08)
#define UART_FCR_ENABLE 0x01
#define UART_LSR (SIM_UART_BASE + 0x14)
#define UART_LSR_DATA_READY 0x01
#define UART_LSR_THR_EMPTY 0x20
#define UART_LSR_TX_IDLE 0x40
