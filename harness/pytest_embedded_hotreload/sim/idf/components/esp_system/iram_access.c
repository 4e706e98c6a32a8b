/* SPDX-License-Identifier: MIT */
/*
 * Instruction RAM as on the ESP32: it takes aligned 32-bit loads and stores, any other raises
 * LoadStoreError. QEMU has no such memory. So loads and stores there are forbidden altogether, and
 * the exception that each of them raises is looked at here: what the chip would do is done.
 */
#include <stdbool.h>
#include <stdint.h>

#include "esp_private/memory_protection.h"
#include "sdkconfig.h"
#include "soc/sim_board.h"
#include "xtensa/xtensa_api.h"

#if CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY

/* instructions that access a word (ISA manual, instruction formats RI16, RRI8, RRRN) */
#define OP0_L32R 1
#define OP0_LSAI 2
#define OP0_L32I_N 8
#define OP0_S32I_N 9
#define LSAI_L32I 2
#define LSAI_S32I 6

typedef enum {
    NO_WORD,
    LOADS_WORD,
    STORES_WORD,
} access_t;

static bool in_iram(uint32_t address)
{
    return address - SIM_IRAM_BASE < SIM_IRAM_SIZE;
}

/* the code may itself be in instruction RAM: read by words */
static uint32_t instruction_at(uint32_t pc)
{
    const volatile uint32_t *words = (const volatile uint32_t *)(uintptr_t)(pc & ~3u);
    uint32_t shift = pc % 4 * 8;
    return shift == 0 ? words[0] : words[0] >> shift | words[1] << (32 - shift);
}

static access_t access_of(uint32_t instruction)
{
    switch (instruction & 0xf) {
    case OP0_L32R:
    case OP0_L32I_N:
        return LOADS_WORD;
    case OP0_S32I_N:
        return STORES_WORD;
    case OP0_LSAI:
        switch (instruction >> 12 & 0xf) {
        case LSAI_L32I:
            return LOADS_WORD;
        case LSAI_S32I:
            return STORES_WORD;
        }
    }
    return NO_WORD;
}

static void go_behind(XtExcFrame *frame, uint32_t instruction)
{
    frame->pc += (instruction & 0xf) >= OP0_L32I_N ? 2 : 3;
    if (frame->pc == frame->lend && frame->lcount != 0) {
        frame->lcount--;
        frame->pc = frame->lbeg;
    }
}

static bool do_access(XtExcFrame *frame)
{
    uint32_t address = (uint32_t)frame->excvaddr;
    uint32_t instruction = instruction_at((uint32_t)frame->pc);
    access_t access = access_of(instruction);
    if (access == NO_WORD || address % 4 != 0) {
        return false;
    }
    long *reg = &frame->a0 + (instruction >> 4 & 0xf);
    volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)address;
    if (access == LOADS_WORD) {
        *reg = (long)*word;
    } else {
        *word = (uint32_t)*reg;
    }
    go_behind(frame, instruction);
    return true;
}

XtExcFrame *xt_exception(XtExcFrame *frame)
{
    bool is_data = frame->exccause == XT_EXCCAUSE_LOAD_PROHIBITED
                   || frame->exccause == XT_EXCCAUSE_STORE_PROHIBITED;
    if (!is_data || !in_iram((uint32_t)frame->excvaddr)) {
        xt_panic(frame, XT_PANIC_EXCEPTION);
    }
    esp_memory_protection_open_iram(true);
    bool is_done = do_access(frame);
    esp_memory_protection_open_iram(false);
    if (!is_done) {
        frame->exccause = XT_EXCCAUSE_LOAD_STORE_ERROR;
        xt_panic(frame, XT_PANIC_EXCEPTION);
    }
    return frame;
}

#else

XtExcFrame *xt_exception(XtExcFrame *frame)
{
    xt_panic(frame, XT_PANIC_EXCEPTION);
}

#endif
