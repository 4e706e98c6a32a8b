/*
 * setjmp and longjmp for the windowed ABI (Xtensa ISA manual, "Windowed
 * Register Option"; the layout of the save areas is that of its overflow
 * handlers).
 *
 * A frame's a0-a3 are saved in the 16 bytes below its callee's stack pointer,
 * the further registers that it owns across a call8 or call12 at the top of its
 * caller's frame.  setjmp() spills all windows and copies, of the frame that
 * called it: both save areas, and the save area of the frame before, which an
 * alloca() moves.  longjmp() puts them back and returns with no other window
 * live, so that the underflow handlers load the frames from the stack.
 */
    .equ FRAME, 32          /* our frame: a save area for us below the caller's */
    .equ JB_SP, 0           /* stack pointer inside setjmp: the caller's - FRAME */
    .equ JB_PC, 4           /* setjmp's a0: return address and call size */
    .equ JB_BASE, 8         /* a0-a3 of the caller */
    .equ JB_EXTRA, 24       /* a4-a11 of the caller, as far as it owns them */
    .equ JB_BEFORE, 56      /* a0-a3 of the frame before the caller */

    .macro copy4 to, to_offset, from, from_offset
    l32i    a8, \from, \from_offset
    l32i    a9, \from, \from_offset + 4
    l32i    a10, \from, \from_offset + 8
    l32i    a11, \from, \from_offset + 12
    s32i    a8, \to, \to_offset
    s32i    a9, \to, \to_offset + 4
    s32i    a10, \to, \to_offset + 8
    s32i    a11, \to, \to_offset + 12
    .endm

    .section .text.setjmp, "ax", @progbits
    .global setjmp
    .type   setjmp, @function
    .align  4
    .literal_position
setjmp:
    entry   a1, FRAME
    mov     a4, a2
    movi    a8, __xtensa_libgcc_window_spill
    callx8  a8

    s32i    a1, a4, JB_SP
    s32i    a0, a4, JB_PC
    addi    a5, a1, -16
    copy4   a4, JB_BASE, a5, 0
    copy4   a4, JB_BEFORE, a1, FRAME - 16

    /* the second word of that is a1 of the frame before the caller */
    l32i    a6, a4, JB_BEFORE + 4
    extui   a7, a0, 30, 2
    blti    a7, 2, 1f
    addi    a6, a6, -32
    beqi    a7, 2, 2f
    addi    a6, a6, -16
    copy4   a4, JB_EXTRA + 16, a6, 16
2:  copy4   a4, JB_EXTRA, a6, 0
1:  movi    a2, 0
    retw
    .size   setjmp, . - setjmp

    .section .text.longjmp, "ax", @progbits
    .global longjmp
    .type   longjmp, @function
    .align  4
    .literal_position
longjmp:
    entry   a1, FRAME
    mov     a4, a2
    mov     a5, a3
    movi    a8, __xtensa_libgcc_window_spill
    callx8  a8

    l32i    a6, a4, JB_SP
    copy4   a6, FRAME - 16, a4, JB_BEFORE
    addi    a7, a6, -16
    copy4   a7, 0, a4, JB_BASE

    l32i    a0, a4, JB_PC
    l32i    a7, a4, JB_BEFORE + 4
    extui   a2, a0, 30, 2
    blti    a2, 2, 1f
    addi    a7, a7, -32
    beqi    a2, 2, 2f
    addi    a7, a7, -16
    copy4   a7, 16, a4, JB_EXTRA + 16
2:  copy4   a7, 0, a4, JB_EXTRA

    /* the windows are all spilled: the frame may be moved by hand */
1:  mov     a1, a6
    movi    a2, 1
    movnez  a2, a5, a5
    retw
    .size   longjmp, . - longjmp
