/* SPDX-License-Identifier: MIT */
/* Unity's output and the menu's input, by the console's streams */
#include <stdio.h>

#include "esp_timer.h"
#include "unity.h"

static int64_t s_started;
static int64_t s_stopped;

void unity_putc(int c)
{
    putchar(c);
}

void unity_flush(void)
{
    fflush(stdout);
}

/* keeps its core busy until there is one, as on ESP-IDF */
static int read_char(void)
{
    int c;
    while ((c = getchar()) == EOF) {
        clearerr(stdin);
    }
    return c;
}

void unity_gets(char *dst, size_t len)
{
    size_t length = 0;
    for (;;) {
        int c = read_char();
        if (c == '\r' || c == '\n') {
            break;
        }
        if (c == '\b' && length > 0) {
            length--;
        } else if (c >= ' ' && c != 0x7f && length + 1 < len) {
            dst[length++] = (char)c;
        }
    }
    dst[length] = '\0';
}

void unity_exec_time_start(void)
{
    s_started = esp_timer_get_time();
}

void unity_exec_time_stop(void)
{
    s_stopped = esp_timer_get_time();
}

uint32_t unity_exec_time_get_ms(void)
{
    return (uint32_t)((s_stopped - s_started) / 1000);
}
