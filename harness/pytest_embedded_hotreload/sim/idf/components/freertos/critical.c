/* SPDX-License-Identifier: MIT */
/* critical sections: one core, so masking interrupts is all there is to a lock */
#include "kernel.h"

static unsigned s_depth;
static uint32_t s_outer_ps;

void vPortEnterCritical(void)
{
    uint32_t ps = xt_int_disable();
    if (s_depth++ == 0) {
        s_outer_ps = ps;
    }
}

void vPortExitCritical(void)
{
    configASSERT(s_depth > 0);
    if (--s_depth > 0) {
        return;
    }
    uint32_t ps = s_outer_ps; /* other tasks may use the variable during the yield */
    bool masked_outside = (ps & XT_PS_INTLEVEL_MASK) != 0;
    /* a task that waits has to go, whatever is masked outside */
    if (kernel_yield_is_due() && (!masked_outside || !kernel_is_ready(kernel_current))) {
        xt_yield();
    }
    xt_int_restore(ps);
}

unsigned kernel_critical_depth(void)
{
    return s_depth;
}

void kernel_enter(void)
{
    vPortEnterCritical();
}

void kernel_leave(void)
{
    vPortExitCritical();
}

void vPortClearInterruptMaskFromISR(UBaseType_t previous)
{
    if ((previous & XT_PS_INTLEVEL_MASK) == 0 && s_depth == 0 && kernel_yield_is_due()) {
        xt_yield();
    }
    xt_int_restore(previous);
}

void vPortYield(void)
{
    kernel_enter();
    kernel_rotate();
    kernel_request_yield();
    kernel_leave();
}

void vPortYieldFromISR(void)
{
    kernel_enter();
    kernel_request_yield();
    kernel_leave();
}

BaseType_t xPortInIsrContext(void)
{
    return xt_in_interrupt();
}

BaseType_t xPortCanYield(void)
{
    uint32_t ps;
    __asm__ volatile("rsr %0, ps" : "=a"(ps));
    return !xt_in_interrupt() && (ps & XT_PS_INTLEVEL_MASK) == 0;
}
