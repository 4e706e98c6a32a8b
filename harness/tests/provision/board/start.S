/*
 * Start-up code of a program that runs on the bare board: window vectors, stack, bss.
 * Vectors and handlers are those of the Xtensa ISA manual, "Windowed Register Option"; the offsets
 * are the de212's (core-isa.h, XCHAL_*_VECOFS).
 */
    .section .vectors, "ax", @progbits
    .org 0x000                  /* window overflow 4, underflow 4, overflow 8, ... */
    s32e    a0, a5, -16
    s32e    a1, a5, -12
    s32e    a2, a5, -8
    s32e    a3, a5, -4
    rfwo
    .org 0x040
underflow4:
    l32e    a0, a5, -16
    l32e    a1, a5, -12
    l32e    a2, a5, -8
    l32e    a3, a5, -4
    rfwu
    .org 0x080
    s32e    a0, a9, -16
    l32e    a0, a1, -12
    s32e    a1, a9, -12
    s32e    a2, a9, -8
    s32e    a3, a9, -4
    s32e    a4, a0, -32
    s32e    a5, a0, -28
    s32e    a6, a0, -24
    s32e    a7, a0, -20
    rfwo
    .org 0x0c0
underflow8:
    l32e    a0, a9, -16
    l32e    a1, a9, -12
    l32e    a2, a9, -8
    l32e    a7, a1, -12
    l32e    a3, a9, -4
    l32e    a4, a7, -32
    l32e    a5, a7, -28
    l32e    a6, a7, -24
    l32e    a7, a7, -20
    rfwu
    .org 0x100
    s32e    a0, a13, -16
    l32e    a0, a1, -12
    s32e    a1, a13, -12
    s32e    a2, a13, -8
    s32e    a3, a13, -4
    s32e    a4, a0, -48
    s32e    a5, a0, -44
    s32e    a6, a0, -40
    s32e    a7, a0, -36
    s32e    a8, a0, -32
    s32e    a9, a0, -28
    s32e    a10, a0, -24
    s32e    a11, a0, -20
    rfwo
    .org 0x140
underflow12:
    l32e    a0, a13, -16
    l32e    a1, a13, -12
    l32e    a2, a13, -8
    l32e    a11, a1, -12
    l32e    a3, a13, -4
    l32e    a4, a11, -48
    l32e    a5, a11, -44
    l32e    a6, a11, -40
    l32e    a7, a11, -36
    l32e    a8, a11, -32
    l32e    a9, a11, -28
    l32e    a10, a11, -24
    l32e    a11, a11, -20
    rfwu
    .org 0x300                  /* kernel exception, user exception, double exception */
    j       crash
    .org 0x340
    wsr     a0, excsave1
    rsr     a0, exccause
    beqi    a0, 5, alloca_exception
    j       crash
    .org 0x3c0
    j       crash

/*
 * movsp found the caller's registers not loaded: rotate to the caller and let its underflow handler
 * load them, whose rfwu runs the movsp again.  The caller's registers are ours until then.
 */
    .macro to_underflow quarter
    rotw    -\quarter
    rsr     a2, windowbase
    addi    a2, a2, \quarter
    slli    a2, a2, 8
    movi    a3, 0x700
    and     a2, a2, a3
    rsr     a3, ps
    srli    a0, a3, 12
    slli    a0, a0, 12
    extui   a3, a3, 0, 8
    or      a3, a3, a0
    or      a3, a3, a2
    wsr     a3, ps
    rsync
    .endm

    .align  4
alloca_exception:
    rsr     a0, excsave1
    extui   a0, a0, 30, 2
    beqi    a0, 1, 4f
    beqi    a0, 2, 8f
    rsr     a0, excsave1
    to_underflow 3
    j       underflow12
8:  rsr     a0, excsave1
    to_underflow 2
    j       underflow8
4:  rsr     a0, excsave1
    to_underflow 1
    j       underflow4

    .text
    .global _start
    .align  4
    .literal_position
_start:
    movi    a0, 0
    wsr     a0, intenable
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    movi    a0, 0x4002f         /* PS: window overflows on, user vector, interrupts masked */
    wsr     a0, ps
    rsync
    movi    a0, 0
    movi    a1, __stack_top
    movi    a2, __bss_start
    movi    a3, __bss_end
    movi    a4, 0
1:  bgeu    a2, a3, 2f
    s32i    a4, a2, 0
    addi    a2, a2, 4
    j       1b
2:  call4   board_main

    .align  4
    .literal_position
crash:
    rsr     a6, exccause
    rsr     a7, epc1
    movi    a0, 0
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    movi    a0, 0x4002f
    wsr     a0, ps
    rsync
    movi    a0, 0
    movi    a1, __stack_top
    rsr     a6, exccause
    rsr     a7, epc1
    call4   board_crash
