/* SPDX-License-Identifier: MIT */
#include "console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "soc/sim_board.h"

/* 16550: transmit holding register, line status register and its bit "holding register empty" */
#define UART_THR SIM_REG32(SIM_UART_BASE + 0x00)
#define UART_LSR SIM_REG32(SIM_UART_BASE + 0x14)
#define UART_LSR_THRE 0x20

static void put_char(char c)
{
    while (!(UART_LSR & UART_LSR_THRE)) {
    }
    UART_THR = (uint8_t)c;
}

static void put_string(const char *text)
{
    while (*text != '\0') {
        put_char(*text++);
    }
}

static void put_number(uint32_t value, unsigned base, unsigned width)
{
    char digits[10];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || count < width);
    while (count > 0) {
        put_char(digits[--count]);
    }
}

static uint32_t milliseconds(void)
{
    uint32_t cycles;
    __asm__ volatile("rsr %0, ccount" : "=a"(cycles));
    return cycles / (SIM_REG32(SIM_FPGA_CLOCK_HZ) / 1000);
}

void console_log(char letter, const char *tag, const char *format, ...)
{
    va_list args;
    put_char(letter);
    put_string(" (");
    put_number(milliseconds(), 10, 1);
    put_string(") ");
    put_string(tag);
    put_string(": ");

    va_start(args, format);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            put_char(*p);
            continue;
        }
        unsigned width = 1;
        if (*++p == '0') {
            width = (unsigned)(p[1] - '0');
            p += 2;
        }
        switch (*p) {
        case 's':
            put_string(va_arg(args, const char *));
            break;
        case 'u':
            put_number(va_arg(args, unsigned), 10, width);
            break;
        case 'x':
            put_number(va_arg(args, unsigned), 16, width);
            break;
        }
    }
    va_end(args);
    put_string("\r\n");
}
