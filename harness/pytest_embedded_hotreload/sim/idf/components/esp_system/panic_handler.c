/* SPDX-License-Identifier: MIT */
/*
 * From an exception to esp_panic_handler(). As in ESP-IDF in a file of its own: a component may put
 * itself between the two (--wrap=esp_panic_handler).
 */
#include <stddef.h>

#include "esp_private/panic_internal.h"
#include "esp_private/reset_internal.h"
#include "esp_rom_sys.h"
#include "esp_system.h"
#include "xtensa/xtensa_api.h"

static const char *s_abort_details;

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

void panic_restart(void)
{
    esp_reset_reason_set_hint(ESP_RST_PANIC);
    esp_rom_software_reset_system();
    __builtin_unreachable();
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
        panic_restart();
    }
    panic_info_t info = {
        .exception = s_abort_details ? PANIC_EXCEPTION_ABORT : PANIC_EXCEPTION_FAULT,
        .reason = s_abort_details ? s_abort_details : reason_of(frame, kind),
        .description = "Exception was unhandled.",
        .addr = (const void *)frame->pc,
        .frame = frame,
    };
    esp_panic_handler(&info);
    __builtin_unreachable();
}

void panic_abort(const char *details)
{
    s_abort_details = details;
    for (;;) {
        __asm__ volatile("ill");
    }
}
