/* SPDX-License-Identifier: MIT */
#include "xtensa/xtensa_api.h"

#include <stddef.h>

typedef struct {
    xt_handler handler;
    void *arg;
} xt_line_t;

static xt_line_t s_lines[XT_INTERRUPT_COUNT];
static bool s_in_interrupt;

xt_handler xt_set_interrupt_handler(int line, xt_handler handler, void *arg)
{
    if (line < 0 || line >= XT_INTERRUPT_COUNT) {
        return NULL;
    }
    uint32_t ps = xt_int_disable();
    xt_handler before = s_lines[line].handler;
    s_lines[line] = (xt_line_t){handler, arg};
    xt_int_restore(ps);
    return before;
}

static uint32_t enabled_lines(void)
{
    uint32_t mask;
    __asm__ volatile("rsr %0, intenable" : "=a"(mask));
    return mask;
}

static void enable_lines(uint32_t mask)
{
    __asm__ volatile("wsr %0, intenable\n\trsync" : : "a"(mask) : "memory");
}

void xt_ints_on(uint32_t mask)
{
    uint32_t ps = xt_int_disable();
    enable_lines(enabled_lines() | mask);
    xt_int_restore(ps);
}

void xt_ints_off(uint32_t mask)
{
    uint32_t ps = xt_int_disable();
    enable_lines(enabled_lines() & ~mask);
    xt_int_restore(ps);
}

bool xt_in_interrupt(void)
{
    return s_in_interrupt;
}

static uint32_t pending_lines(void)
{
    uint32_t pending;
    __asm__ volatile("rsr %0, interrupt" : "=a"(pending));
    return pending & enabled_lines();
}

void *xt_interrupt(XtExcFrame *frame)
{
    s_in_interrupt = true;
    for (uint32_t pending = pending_lines(); pending != 0; pending &= pending - 1) {
        int line = __builtin_ctz(pending);
        if (s_lines[line].handler) {
            s_lines[line].handler(s_lines[line].arg);
        } else {
            /* a level-triggered line without a handler would interrupt for ever */
            xt_ints_off(1u << line);
        }
    }
    s_in_interrupt = false;
    return xt_kernel_switch(frame);
}
