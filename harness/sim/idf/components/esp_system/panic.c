/* SPDX-License-Identifier: MIT */
/*
 * The end of a firmware that failed: says what happened in ESP-IDF's words, then
 * restarts or halts. Uses its own stack and no lock, and does not trust anything.
 */
#include <stddef.h>

#include "esp_debug_helpers.h"
#include "esp_private/panic_internal.h"
#include "esp_private/reset_internal.h"
#include "esp_rom_sys.h"
#include "esp_system.h"
#include "sdkconfig.h"
#include "soc/sim_board.h"
#include "xtensa/xtensa_api.h"

#define BACKTRACE_DEPTH 100

static const char *s_abort_details;

/* of the esp_app_format component, if it is part of the build */
extern int esp_app_get_elf_sha256(char *dst, size_t size) __attribute__((weak));

/* ESP-IDF's names of EXCCAUSE (ISA manual, "Exception Causes") */
static const char *const s_causes[] = {
    [0] = "IllegalInstruction",
    [1] = "Syscall",
    [2] = "InstructionFetchError",
    [3] = "LoadStoreError",
    [4] = "Level1Interrupt",
    [5] = "Alloca",
    [6] = "IntegerDivideByZero",
    [7] = "PCValue",
    [8] = "Privileged",
    [9] = "LoadStoreAlignment",
    [12] = "InstrPDAddrError",
    [13] = "LoadStorePIFDataError",
    [14] = "InstrPIFAddrError",
    [15] = "LoadStorePIFAddrError",
    [16] = "InstTLBMiss",
    [17] = "InstTLBMultiHit",
    [18] = "InstFetchPrivilege",
    [20] = "InstrFetchProhibited",
    [24] = "LoadStoreTLBMiss",
    [25] = "LoadStoreTLBMultihit",
    [26] = "LoadStorePrivilege",
    [28] = "LoadProhibited",
    [29] = "StoreProhibited",
};

static const char *reason_of(const XtExcFrame *frame, xt_panic_kind_t kind)
{
    if (kind == XT_PANIC_DOUBLE_EXCEPTION) {
        return "Double exception";
    }
    if (kind == XT_PANIC_DEBUG_EXCEPTION) {
        return "Unhandled debug exception";
    }
    if ((size_t)frame->exccause < sizeof(s_causes) / sizeof(s_causes[0]) && s_causes[frame->exccause]) {
        return s_causes[frame->exccause];
    }
    return "Unknown";
}

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

static void print_panic(const XtExcFrame *frame, xt_panic_kind_t kind)
{
    if (s_abort_details) {
        esp_rom_printf("\n%s\n", s_abort_details);
    } else {
        esp_rom_printf("\nGuru Meditation Error: Core  0 panic'ed (%s). Exception was unhandled.\n",
                       reason_of(frame, kind));
        print_registers(frame);
    }
    print_backtrace(frame);
    print_elf_sha256();
}

static void restart(void)
{
    esp_reset_reason_set_hint(ESP_RST_PANIC);
    esp_rom_software_reset_system();
}

void xt_panic(XtExcFrame *frame, xt_panic_kind_t kind)
{
    static volatile unsigned s_entries;

    s_entries++;
    if (s_entries == 2) {
        esp_rom_printf("\nPanic handler entered multiple times. "
                       "Abort panic handling. Rebooting ...\n");
    }
    if (s_entries >= 2) {
        restart();
    }
#if !CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT
    print_panic(frame, kind);
#endif
#if CONFIG_ESP_SYSTEM_PANIC_PRINT_HALT
    esp_rom_printf("\nCPU halted.\n");
    for (;;) {
        __asm__ volatile("waiti 15");
    }
#else
    esp_rom_printf("\nRebooting...\n");
    restart();
    __builtin_unreachable();
#endif
}

void panic_abort(const char *details)
{
    s_abort_details = details;
    for (;;) {
        __asm__ volatile("ill");
    }
}
