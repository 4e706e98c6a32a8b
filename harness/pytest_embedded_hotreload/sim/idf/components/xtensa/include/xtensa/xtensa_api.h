/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "xtensa/xtensa_context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define XT_INTERRUPT_COUNT 22

typedef void (*xt_handler)(void *arg);

/* sets the handler of a CPU interrupt line and returns the one before, NULL for none */
xt_handler xt_set_interrupt_handler(int line, xt_handler handler, void *arg);

/* enable or disable the lines of a mask */
void xt_ints_on(uint32_t mask);
void xt_ints_off(uint32_t mask);

/* true in an interrupt handler */
bool xt_in_interrupt(void);

/* masks all interrupts; the result goes back to xt_int_restore() */
static inline uint32_t xt_int_disable(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 3" : "=a"(ps) : : "memory");
    return ps;
}

static inline void xt_int_restore(uint32_t ps)
{
    __asm__ volatile("wsr %0, ps\n\trsync" : : "a"(ps) : "memory");
}

/* switches to the first task; does not return */
void xt_start_first(void *frame) __attribute__((noreturn));

/* first instruction of every task */
void xt_task_start(void);

/* `exit` of an XtExcFrame */
void _xt_user_exit(void);

/* lets another task run if the kernel wants that, at any interrupt level */
void xt_yield(void);

/* called by the exception entry with all windows spilled; returns the frame to go on with */
void *xt_interrupt(XtExcFrame *frame);

/* the kernel's part: called at the end of every interrupt, with an XtExcFrame, and for every
   yield, with an XtSolFrame; returns the frame to go on with */
void *xt_kernel_switch(void *frame);

/* a task function returned */
void xt_task_returned(void) __attribute__((noreturn));

/* called by the exception entry as xt_interrupt() is, for all but interrupts; panics unless the
   stopped code can go on */
XtExcFrame *xt_exception(XtExcFrame *frame);

typedef enum {
    XT_PANIC_EXCEPTION, /* the frame's exccause says which */
    XT_PANIC_DOUBLE_EXCEPTION,
    XT_PANIC_DEBUG_EXCEPTION,
} xt_panic_kind_t;

void xt_panic(XtExcFrame *frame, xt_panic_kind_t kind) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
