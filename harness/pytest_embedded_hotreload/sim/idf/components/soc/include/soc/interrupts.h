/* SPDX-License-Identifier: MIT */
#pragma once

/* the value is the CPU interrupt line: the board has no interrupt matrix */
typedef enum {
    ETS_UART0_INTR_SOURCE = 0,
    ETS_ETH_MAC_INTR_SOURCE = 1,
    ETS_INTERNAL_TIMER0_INTR_SOURCE = 6,
    ETS_INTERNAL_SW0_INTR_SOURCE = 7,
    ETS_MAX_INTR_SOURCE,
} periph_interrput_t;

typedef periph_interrput_t periph_interrupt_t;
