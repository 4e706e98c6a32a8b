/* SPDX-License-Identifier: MIT */
/* where the boot loader jumps to, in the first register window and with no other in use */
#include "xtensa/xtensa_context.h"

    .section .text._start, "ax", @progbits
    .global _start
    .type   _start, @function
    .align  4
    .literal_position
_start:
    movi    a0, 0
    wsr     a0, intenable
    wsr     a0, lcount
    movi    a2, _xt_vectors
    wsr     a2, vecbase
    movi    a1, xt_isr_stack_top
    movi    a2, XT_PS_WOE | XT_PS_UM | XT_PS_INTLEVEL_MASK
    wsr     a2, ps
    rsync

    movi    a2, _bss_start
    movi    a3, _bss_end
    movi    a4, 0
    j       2f
1:  s32i    a4, a2, 0
    addi    a2, a2, 4
2:  bltu    a2, a3, 1b

    movi    a2, esp_startup
    callx4  a2                          /* a0 is 0: backtraces end here */
    .size   _start, . - _start
