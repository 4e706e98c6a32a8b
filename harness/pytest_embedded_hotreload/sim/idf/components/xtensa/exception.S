/* SPDX-License-Identifier: MIT */
/*
 * Entry and exit of level-1 exceptions: interrupts, alloca, and faults; and the yield.
 *
 * The stopped code's registers go into an XtExcFrame below its stack pointer, of a task
 * that yields an XtSolFrame is enough. Then all register windows are spilled to its
 * stack, so that a frame pointer is all there is to a stopped task. The C part runs on a
 * stack of its own and says which frame to go on with.
 */
#include "xtensa/xtensa_context.h"

    .macro save_registers frame
    s32i    a1, \frame, XT_STK_A1
    s32i    a2, \frame, XT_STK_A2
    s32i    a3, \frame, XT_STK_A3
    s32i    a4, \frame, XT_STK_A4
    s32i    a5, \frame, XT_STK_A5
    s32i    a6, \frame, XT_STK_A6
    s32i    a7, \frame, XT_STK_A7
    s32i    a8, \frame, XT_STK_A8
    s32i    a9, \frame, XT_STK_A9
    s32i    a10, \frame, XT_STK_A10
    s32i    a11, \frame, XT_STK_A11
    s32i    a12, \frame, XT_STK_A12
    s32i    a13, \frame, XT_STK_A13
    s32i    a14, \frame, XT_STK_A14
    s32i    a15, \frame, XT_STK_A15
    .endm

    /* what EXIT is in the frame of an exception, in that of a yield it is 0 */
    .macro save_exit frame, scratch
    movi    \scratch, _xt_user_exit
    s32i    \scratch, \frame, XT_STK_EXIT
    .endm

    .macro save_special frame, reg, scratch, offset
    rsr     \scratch, \reg
    s32i    \scratch, \frame, \offset
    .endm

    .macro save_specials frame, scratch
    save_special \frame, sar, \scratch, XT_STK_SAR
    save_special \frame, exccause, \scratch, XT_STK_EXCCAUSE
    save_special \frame, excvaddr, \scratch, XT_STK_EXCVADDR
    save_special \frame, lbeg, \scratch, XT_STK_LBEG
    save_special \frame, lend, \scratch, XT_STK_LEND
    save_special \frame, lcount, \scratch, XT_STK_LCOUNT
    save_special \frame, scompare1, \scratch, XT_STK_SCOMPARE1
    .endm

    /* touching a register rotates in (and so spills) the windows up to it */
    .macro spill_windows
    and     a12, a12, a12
    rotw    3
    and     a12, a12, a12
    rotw    3
    and     a4, a4, a4
    rotw    2                           /* 3 + 3 + 2 = 8 windows: back home */
    .endm

    /* forgets all windows but the current one; ends on the stack for panics */
    .macro enter_panic scratch
    rsr     \scratch, windowbase
    ssl     \scratch
    movi    \scratch, 1
    sll     \scratch, \scratch
    wsr     \scratch, windowstart
    movi    \scratch, XT_PS_WOE | XT_PS_UM | XT_INTLEVEL_KERNEL
    wsr     \scratch, ps
    rsync
    movi    a1, xt_panic_stack_top
    movi    a0, 0
    .endm

    .section .text.xt_entry, "ax", @progbits
    .global _xt_exception
    .type   _xt_exception, @function
    .align  4
    .literal_position
_xt_exception:                          /* PS.EXCM = 1, a0 in EXCSAVE1 */
    rsr     a0, exccause
    beqi    a0, XT_EXCCAUSE_ALLOCA, _xt_alloca

    addi    a0, a1, -XT_STK_FRMSZ
    save_registers a0
    save_special a0, excsave1, a2, XT_STK_A0
    save_special a0, epc1, a2, XT_STK_PC
    save_special a0, ps, a2, XT_STK_PS
    save_specials a0, a2
    save_exit a0, a2

    rsr     a2, exccause
    beqi    a2, XT_EXCCAUSE_INTERRUPT, 1f
    /* a spill that faults must not lose the fault that led here */
    movi    a3, xt_fault_frame
    s32i    a0, a3, 0

    /* a1 is still that of the stopped code, below which its caller's a0-a3 belong */
1:  wsr     a0, excsave1
    movi    a2, XT_PS_WOE | XT_PS_UM | XT_INTLEVEL_KERNEL
    wsr     a2, ps
    rsync
    spill_windows

    rsr     a2, excsave1
    l32i    a3, a2, XT_STK_EXCCAUSE
    beqi    a3, XT_EXCCAUSE_INTERRUPT, .Linterrupt
    movi    a1, xt_panic_stack_top
    movi    a0, 0
    mov     a6, a2
    movi    a4, xt_exception
    callx4  a4
    /* back with a frame in a6: that was no fault */
    movi    a2, xt_fault_frame
    movi    a3, 0
    s32i    a3, a2, 0
    j       .Lresume

.Linterrupt:
    movi    a1, xt_isr_stack_top
    /* for backtraces this frame was called by the stopped code */
    addi    a4, a1, -XT_BASE_SAVE_SIZE
    l32i    a5, a2, XT_STK_A0
    s32i    a5, a4, 0
    l32i    a5, a2, XT_STK_A1
    s32i    a5, a4, 4
    l32i    a0, a2, XT_STK_PC
    mov     a6, a2
    movi    a4, xt_interrupt
    callx4  a4

.Lresume:                               /* a6: the frame to go on with */
    mov     a1, a6
    l32i    a2, a1, XT_STK_EXIT
    beqz    a2, .Lreturn
    .global _xt_user_exit
_xt_user_exit:
    /* from here nothing may raise a window exception: it would overwrite EPC1 */
    movi    a2, XT_PS_WOE | XT_PS_UM | XT_PS_EXCM | XT_INTLEVEL_KERNEL
    wsr     a2, ps
    rsync
    l32i    a2, a1, XT_STK_SAR
    wsr     a2, sar
    l32i    a2, a1, XT_STK_LBEG
    wsr     a2, lbeg
    l32i    a2, a1, XT_STK_LEND
    wsr     a2, lend
    l32i    a2, a1, XT_STK_LCOUNT
    wsr     a2, lcount
    l32i    a2, a1, XT_STK_SCOMPARE1
    wsr     a2, scompare1
    l32i    a2, a1, XT_STK_PC
    wsr     a2, epc1
    l32i    a2, a1, XT_STK_PS         /* has EXCM set, RFE clears it */
    wsr     a2, ps
    rsync
    l32i    a0, a1, XT_STK_A0
    l32i    a2, a1, XT_STK_A2
    l32i    a3, a1, XT_STK_A3
    l32i    a4, a1, XT_STK_A4
    l32i    a5, a1, XT_STK_A5
    l32i    a6, a1, XT_STK_A6
    l32i    a7, a1, XT_STK_A7
    l32i    a8, a1, XT_STK_A8
    l32i    a9, a1, XT_STK_A9
    l32i    a10, a1, XT_STK_A10
    l32i    a11, a1, XT_STK_A11
    l32i    a12, a1, XT_STK_A12
    l32i    a13, a1, XT_STK_A13
    l32i    a14, a1, XT_STK_A14
    l32i    a15, a1, XT_STK_A15
    l32i    a1, a1, XT_STK_A1
    rfe

.Lreturn:                               /* to the caller of xt_yield() */
    wsr     a2, lcount                  /* a loop of another task ends here otherwise */
    l32i    a0, a1, XT_SOL_PC
    l32i    a2, a1, XT_SOL_PS
    wsr     a2, ps
    rsync
    retw
    .size   _xt_exception, . - _xt_exception

/* another task may run: void xt_yield(void); its frame is that of the stopped task */
    .section .text.xt_entry, "ax", @progbits
    .global xt_yield
    .type   xt_yield, @function
    .align  4
    .literal_position
xt_yield:
    entry   a1, XT_SOL_FRMSZ
    rsil    a2, XT_INTLEVEL_KERNEL
    s32i    a0, a1, XT_SOL_PC
    s32i    a2, a1, XT_SOL_PS
    movi    a2, 0
    s32i    a2, a1, XT_SOL_EXIT
    spill_windows

    mov     a6, a1
    l32i    a4, a1, -16                 /* for backtraces: the caller's a0 and a1 */
    l32i    a5, a1, -12
    movi    a1, xt_isr_stack_top
    addi    a2, a1, -XT_BASE_SAVE_SIZE
    s32i    a4, a2, 0
    s32i    a5, a2, 4
    movi    a4, xt_kernel_switch
    callx4  a4
    j       .Lresume
    .size   xt_yield, . - xt_yield

/* starts the first task: void xt_start_first(XtExcFrame *frame), does not return */
    .section .text.xt_entry, "ax", @progbits
    .global xt_start_first
    .type   xt_start_first, @function
    .align  4
    .literal_position
xt_start_first:
    entry   a1, 16
    mov     a6, a2
    movi    a2, XT_PS_WOE | XT_PS_UM | XT_INTLEVEL_KERNEL
    wsr     a2, ps
    /* the start-up code's windows are of no further use */
    rsr     a2, windowbase
    ssl     a2
    movi    a2, 1
    sll     a2, a2
    wsr     a2, windowstart
    rsync
    j       .Lresume
    .size   xt_start_first, . - xt_start_first

/*
 * MOVSP raises this when the caller's window is spilled: its a0-a3 lie below the old
 * stack pointer and have to move. Load the caller's window again by the matching
 * underflow handler; then MOVSP runs once more and finds nothing to move.
 * The handlers are entered as if by a window exception: rotated to the caller and
 * with PS.OWB naming the window to return to.
 */
    .section .text.xt_entry, "ax", @progbits
    .type   _xt_alloca, @function
    .align  4
_xt_alloca:
    rsr     a0, windowbase
    rotw    -1                          /* old a0 is a4 now */
    rsr     a2, ps
    extui   a3, a2, 8, 4                /* PS.OWB */
    xor     a3, a3, a4
    slli    a3, a3, 8
    xor     a2, a2, a3                  /* PS.OWB = old WINDOWBASE */
    rsr     a4, excsave1                /* the return address: call size in bits 31:30 */
    wsr     a2, ps
    rsync
    bbci    a4, 31, .Lcall4
    rotw    -1
    bbci    a8, 30, .Lcall8
    rotw    -1
    j       _xt_window_underflow12
.Lcall4:
    j       _xt_window_underflow4
.Lcall8:
    j       _xt_window_underflow8
    .size   _xt_alloca, . - _xt_alloca

/*
 * A fault while EXCM is set: a window handler or the entry above could not use the
 * stack. Nothing can be spilled or stored there, so the registers go into a static
 * frame. The fault that led here, if one was complete, is what counts.
 */
    .section .text.xt_entry, "ax", @progbits
    .global _xt_double_exception
    .type   _xt_double_exception, @function
    .align  4
    .literal_position
_xt_double_exception:                   /* a0 in EXCSAVE2 */
    wsr     a2, excsave3
    /* in a window handler the windows are rotated: turn back to the one it began in */
    rsr     a0, depc
    movi    a2, _xt_vectors
    bltu    a0, a2, 1f
    movi    a2, _xt_window_vectors_end
    bgeu    a0, a2, 1f
    rsr     a2, ps
    extui   a2, a2, 8, 4
    wsr     a2, windowbase
    rsync
    wsr     a0, excsave1
    wsr     a2, excsave3
1:  rsr     a2, excsave3
    movi    a0, xt_double_frame
    save_registers a0
    mov     a2, a0
    save_special a2, excsave1, a3, XT_STK_A0
    save_special a2, epc1, a3, XT_STK_PC
    save_special a2, ps, a3, XT_STK_PS
    save_specials a2, a3
    save_exit a2, a3
    movi    a3, xt_fault_frame
    l32i    a6, a3, 0
    movi    a7, 0
    bnez    a6, 3f
    mov     a6, a2
    movi    a7, 1                       /* pseudo cause: double exception */
3:  enter_panic a2
    movi    a4, xt_panic
    callx4  a4
    .size   _xt_double_exception, . - _xt_double_exception

/* break instructions; a0 is free to go to EXCSAVE6, the debug level's */
    .section .text.xt_entry, "ax", @progbits
    .global _xt_debug_exception
    .type   _xt_debug_exception, @function
    .align  4
    .literal_position
_xt_debug_exception:
    wsr     a0, excsave6
    movi    a0, xt_double_frame
    save_registers a0
    movi    a2, xt_double_frame
    save_special a2, excsave6, a3, XT_STK_A0
    save_special a2, epc6, a3, XT_STK_PC
    save_special a2, eps6, a3, XT_STK_PS
    save_specials a2, a3
    save_exit a2, a3
    mov     a6, a2
    movi    a7, 2                       /* pseudo cause: debug exception */
    enter_panic a2
    movi    a4, xt_panic
    callx4  a4
    .size   _xt_debug_exception, . - _xt_debug_exception

    .bss
    .align  16
    .global xt_isr_stack
xt_isr_stack:
    .space  4096
    .global xt_isr_stack_top
xt_isr_stack_top:
    .global xt_panic_stack
xt_panic_stack:
    .space  4096
xt_panic_stack_top:
xt_double_frame:
    .space  XT_STK_FRMSZ
    .global xt_fault_frame
xt_fault_frame:
    .space  4
