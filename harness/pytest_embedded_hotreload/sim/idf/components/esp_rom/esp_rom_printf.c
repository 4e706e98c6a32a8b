/* SPDX-License-Identifier: MIT */
/* a printf that needs nothing: for early start-up, interrupt handlers and panics */
#include <stdbool.h>
#include <stddef.h>

#include "esp_rom_sys.h"
#include "esp_rom_uart.h"

typedef struct {
    int width;
    int precision; /* -1: none */
    bool left;
    bool zero;
    bool plus;
    int longs;
} spec_t;

static int put_char(char c)
{
    esp_rom_uart_putc(c);
    return 1;
}

static int pad(char c, int count)
{
    for (int i = 0; i < count; i++) {
        esp_rom_uart_putc(c);
    }
    return count > 0 ? count : 0;
}

static int put_text(const char *text, int length, const spec_t *spec)
{
    int put = spec->left ? 0 : pad(' ', spec->width - length);
    for (int i = 0; i < length; i++) {
        put += put_char(text[i]);
    }
    return put + (spec->left ? pad(' ', spec->width - put) : 0);
}

static int put_string(const char *text, const spec_t *spec)
{
    int length = 0;
    if (!text) {
        text = "(null)";
    }
    while (text[length] && (spec->precision < 0 || length < spec->precision)) {
        length++;
    }
    return put_text(text, length, spec);
}

static int put_number(uint64_t value, const char *sign, unsigned base, bool upper,
                      const spec_t *spec)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[48];
    int start = sizeof(text);
    int least = spec->precision;
    if (least < 0) {
        least = spec->zero && !spec->left ? spec->width - (*sign ? 1 : 0) : 1;
    }
    if (least > 32) {
        least = 32;
    }
    int length = 0;
    while (value > 0 || length < least) {
        text[--start] = digits[value % base];
        value /= base;
        length++;
    }
    for (; *sign; sign++) {
        text[--start] = *sign;
    }
    return put_text(&text[start], (int)sizeof(text) - start, spec);
}

static uint64_t next_unsigned(va_list *args, const spec_t *spec)
{
    return spec->longs > 1 ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t);
}

static int put_signed(va_list *args, const spec_t *spec)
{
    int64_t value = spec->longs > 1 ? va_arg(*args, int64_t) : va_arg(*args, int32_t);
    bool negative = value < 0;
    uint64_t magnitude = negative ? -(uint64_t)value : (uint64_t)value;
    return put_number(magnitude, negative ? "-" : spec->plus ? "+" : "", 10, false, spec);
}

static const char *parse_spec(const char *format, spec_t *spec, va_list *args)
{
    *spec = (spec_t){.precision = -1};
    for (;; format++) {
        if (*format == '-') {
            spec->left = true;
        } else if (*format == '0') {
            spec->zero = true;
        } else if (*format == '+') {
            spec->plus = true;
        } else {
            break;
        }
    }
    if (*format == '*') {
        spec->width = va_arg(*args, int);
        format++;
    }
    while (*format >= '0' && *format <= '9') {
        spec->width = spec->width * 10 + (*format++ - '0');
    }
    if (*format == '.') {
        format++;
        spec->precision = 0;
        if (*format == '*') {
            spec->precision = va_arg(*args, int);
            format++;
        }
        while (*format >= '0' && *format <= '9') {
            spec->precision = spec->precision * 10 + (*format++ - '0');
        }
    }
    while (*format == 'l' || *format == 'h' || *format == 'z' || *format == 't') {
        spec->longs += *format++ == 'l';
    }
    return format;
}

static int put_conversion(char conversion, const spec_t *spec, va_list *args)
{
    switch (conversion) {
    case 'd':
    case 'i':
        return put_signed(args, spec);
    case 'u':
        return put_number(next_unsigned(args, spec), "", 10, false, spec);
    case 'x':
    case 'X':
        return put_number(next_unsigned(args, spec), "", 16, conversion == 'X', spec);
    case 'p':
        return put_number(va_arg(*args, uint32_t), "x0", 16, false, spec);
    case 's':
        return put_string(va_arg(*args, const char *), spec);
    case 'c':
        return put_char((char)va_arg(*args, int));
    default:
        return put_char(conversion);
    }
}

int esp_rom_vprintf(const char *format, va_list args)
{
    va_list rest;
    int put = 0;
    va_copy(rest, args);
    while (*format) {
        if (*format != '%') {
            put += put_char(*format++);
            continue;
        }
        spec_t spec;
        format = parse_spec(format + 1, &spec, &rest);
        if (*format) {
            put += put_conversion(*format++, &spec, &rest);
        }
    }
    va_end(rest);
    return put;
}

int esp_rom_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int put = esp_rom_vprintf(format, args);
    va_end(args);
    return put;
}
