/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "esp_cpu.h"
#include "esp_private/panic_internal.h"

static void hex(char *text, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        *text++ = "0123456789abcdef"[value >> shift & 0xf];
    }
}

void abort(void)
{
    static char text[] = "abort() was called at PC 0x00000000 on core 0";
    hex(&text[sizeof("abort() was called at PC 0x") - 1],
        esp_cpu_process_stack_pc((uint32_t)__builtin_return_address(0)));
    panic_abort(text);
}
