/* SPDX-License-Identifier: MIT */
/*
 * The end of a firmware that failed: says what happened in ESP-IDF's words, then
 * restarts or halts. Uses its own stack and no lock, and does not trust anything.
 */
#include <stddef.h>

#include "esp_debug_helpers.h"
#include "esp_private/panic_internal.h"
#include "esp_rom_sys.h"
#include "esp_system.h"
#include "sdkconfig.h"
#include "xtensa/xtensa_context.h"

#define BACKTRACE_DEPTH 100

/* of the esp_app_format component, if it is part of the build */
extern int esp_app_get_elf_sha256(char *dst, size_t size) __attribute__((weak));

static void print_registers(const XtExcFrame *frame)
{
    static const char *const names[] = {
        "PC      ", "PS      ", "A0      ", "A1      ", "A2      ", "A3      ",
        "A4      ", "A5      ", "A6      ", "A7      ", "A8      ", "A9      ",
        "A10     ", "A11     ", "A12     ", "A13     ", "A14     ", "A15     ",
        "SAR     ", "EXCCAUSE", "EXCVADDR", "LBEG    ", "LEND    ", "LCOUNT  ",
    };
    const long *value = &frame->pc; /* the frame has the same order */

    esp_rom_printf("\nCore  0 register dump:\n");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        esp_rom_printf("%s: 0x%08x  %s", names[i], (unsigned)value[i], i % 4 == 3 ? "\n" : "");
    }
}

static void print_backtrace(const XtExcFrame *frame)
{
    esp_backtrace_frame_t start = {
        .pc = (uint32_t)frame->pc,
        .sp = (uint32_t)frame->a1,
        .next_pc = (uint32_t)frame->a0,
        .exc_frame = frame,
    };
    esp_backtrace_print_from_frame(BACKTRACE_DEPTH, &start, true);
}

static void print_elf_sha256(void)
{
    char digits[65];
    if (esp_app_get_elf_sha256 && esp_app_get_elf_sha256(digits, sizeof(digits)) > 0) {
        esp_rom_printf("\n\n\nELF file SHA256: %s\n", digits);
    }
}

static void print_panic(const panic_info_t *info)
{
    const XtExcFrame *frame = info->frame;
    if (info->exception == PANIC_EXCEPTION_ABORT) {
        esp_rom_printf("\n%s\n", info->reason);
    } else {
        esp_rom_printf("\nGuru Meditation Error: Core  %d panic'ed (%s). %s\n", info->core,
                       info->reason, info->description);
        print_registers(frame);
    }
    print_backtrace(frame);
    print_elf_sha256();
}

void esp_panic_handler(panic_info_t *info)
{
#if !CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT
    print_panic(info);
#endif
#if CONFIG_ESP_SYSTEM_PANIC_PRINT_HALT
    esp_rom_printf("\nCPU halted.\n");
    for (;;) {
        __asm__ volatile("waiti 15");
    }
#else
    esp_rom_printf("\nRebooting...\n");
    panic_restart();
#endif
}
