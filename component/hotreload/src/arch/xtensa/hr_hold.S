/* SPDX-License-Identifier: MIT */
/* hr_hold.h. A generated stub has come here as to a function of the module (stubs.py): the caller's
   arguments are where the caller has put them. */
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_HOLD_CALLERS

    .section .text.hr_hold_stub, "ax", @progbits
    .literal_position
    .literal .Lpass, hr_hold_pass
    .align  4
    .global hr_hold_stub
    .type   hr_hold_stub, @function

#if defined(__XTENSA_CALL0_ABI__)

/* a9: the entry. Registers that a callee may change hold the arguments: they are kept here. */
hr_hold_stub:
    addi    a1, a1, -32
    s32i    a0, a1, 0
    s32i    a2, a1, 4
    s32i    a3, a1, 8
    s32i    a4, a1, 12
    s32i    a5, a1, 16
    s32i    a6, a1, 20
    s32i    a7, a1, 24
    s32i    a8, a1, 28          /* the static chain */
    mov     a2, a9
    l32r    a0, .Lpass
    callx0  a0
    mov     a9, a2              /* the function in the module */
    mov     a10, a3
    l32i    a0, a1, 0
    l32i    a2, a1, 4
    l32i    a3, a1, 8
    l32i    a4, a1, 12
    l32i    a5, a1, 16
    l32i    a6, a1, 20
    l32i    a7, a1, 24
    l32i    a8, a1, 28
    addi    a1, a1, 32
    wsr     a10, ps
    rsync
    jx      a9

#else

/* a10: the entry, which is what CALL8 passes on. The arguments in a2 to a7 are in registers that the
   callee does not see. */
hr_hold_stub:
    entry   a1, 32
    l32r    a8, .Lpass
    callx8  a8
    mov     a8, a10             /* the function in the module */
    l32i    a9, a8, 0           /* from here on as in a stub */
    extui   a9, a9, 12, 12
    addi    a9, a9, -32 / 8
    beqz    a9, .Lenter
    slli    a9, a9, 3
    sub     a9, a1, a9
    movsp   a1, a9
.Lenter:
    addi    a8, a8, 3
    wsr     a11, ps
    rsync
    jx      a8

#endif

    .size   hr_hold_stub, . - hr_hold_stub

#endif
