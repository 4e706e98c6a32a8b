/* SPDX-License-Identifier: MIT */
/*
 * Walks the windowed stack: below every stack pointer lie the a0 (return address) and
 * a1 (stack pointer) of the caller (ABI: base save area), once its window is spilled.
 */
#include "esp_cpu.h"
#include "esp_debug_helpers.h"
#include "esp_memory_utils.h"
#include "esp_rom_sys.h"

/* libgcc's */
extern void __xtensa_libgcc_window_spill(void);

static bool frame_makes_sense(const esp_backtrace_frame_t *frame)
{
    uint32_t pc = esp_cpu_process_stack_pc(frame->pc);
    return esp_stack_ptr_is_sane(frame->sp) && esp_ptr_executable((const void *)pc);
}

/* a jump to where there is no code: only the caller's address makes sense */
static bool is_wild_jump(const esp_backtrace_frame_t *frame)
{
    const XtExcFrame *exception = frame->exc_frame;
    return exception && exception->exccause == XT_EXCCAUSE_FETCH_PROHIBITED &&
           esp_stack_ptr_is_sane(frame->sp);
}

static const uint32_t *base_save_area(uint32_t sp)
{
    return (const uint32_t *)(sp - XT_BASE_SAVE_SIZE);
}

__attribute__((noinline)) void esp_backtrace_get_start(uint32_t *pc, uint32_t *sp,
                                                       uint32_t *next_pc)
{
    uint32_t a0, a1;
    __asm__ volatile("mov %0, a0\n\tmov %1, a1" : "=r"(a0), "=r"(a1));
    __xtensa_libgcc_window_spill();
    const uint32_t *caller = base_save_area(a1);
    *pc = a0;
    *sp = caller[1];
    *next_pc = caller[0];
}

bool esp_backtrace_get_next_frame(esp_backtrace_frame_t *frame)
{
    if (!esp_stack_ptr_is_sane(frame->sp) ||
        !esp_stack_ptr_is_sane(frame->sp - XT_BASE_SAVE_SIZE)) {
        return false;
    }
    const uint32_t *caller = base_save_area(frame->sp);
    frame->pc = frame->next_pc;
    frame->next_pc = caller[0];
    frame->sp = caller[1];
    return frame_makes_sense(frame);
}

esp_err_t esp_backtrace_print_from_frame(int depth, const esp_backtrace_frame_t *frame, bool panic)
{
    (void)panic;
    if (!frame || depth <= 0) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_backtrace_frame_t walk = *frame;
    bool sound = frame_makes_sense(&walk) || is_wild_jump(&walk);

    esp_rom_printf("\n\nBacktrace: 0x%08x:0x%08x", (unsigned)esp_cpu_process_stack_pc(walk.pc),
                   (unsigned)walk.sp);
    while (--depth > 0 && walk.next_pc != 0 && sound) {
        sound = esp_backtrace_get_next_frame(&walk);
        esp_rom_printf(" 0x%08x:0x%08x", (unsigned)esp_cpu_process_stack_pc(walk.pc),
                       (unsigned)walk.sp);
    }
    if (!sound) {
        esp_rom_printf(" |<-CORRUPTED");
    } else if (walk.next_pc != 0) {
        esp_rom_printf(" |<-CONTINUES");
    }
    esp_rom_printf("\n\n");
    return sound ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_backtrace_print(int depth)
{
    esp_backtrace_frame_t frame = {0};
    esp_backtrace_get_start(&frame.pc, &frame.sp, &frame.next_pc);
    return esp_backtrace_print_from_frame(depth, &frame, false);
}
