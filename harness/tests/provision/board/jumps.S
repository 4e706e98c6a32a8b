/*
 * A frame owns as many registers across a call as the call's size says: call4 leaves it a0-a3, call8
 * a0-a7, call12 a0-a11. After a jump all of them are what they were at setjmp, whatever they were
 * made in between; the rest of the frame is what it was last made. The compiler, which keeps values
 * in memory around setjmp, would not show this.
 */
    .equ FRAME, 96

    /* goes to the next 9: when the register has another value */
    .macro check register, value
    movi    a12, \value
    bne     \register, a12, 9f
    .endm

    /* the two ends of the 16 bytes below the save areas, which are the frame's own */
    .macro set_locals size, value
    movi    a15, \value
    s32i    a15, a1, FRAME - 20 - (\size - 4) * 4
    s32i    a15, a1, FRAME - 32 - (\size - 4) * 4
    .endm

    .macro hold size, argument
    .global hold\size
    .align  4
    .literal_position
hold\size:
    entry   a1, FRAME
    movi    a2, 0x102
    movi    a3, 0x103
    .if \size >= 8
    movi    a4, 0x104
    movi    a5, 0x105
    movi    a6, 0x106
    movi    a7, 0x107
    .endif
    .if \size == 12
    movi    a8, 0x108
    movi    a9, 0x109
    movi    a10, 0x10a
    movi    a11, 0x10b
    .endif
    set_locals \size, 1
    movi    \argument, target
    movi    a15, setjmp
    callx\size a15
    bnez    \argument, 1f

    movi    a2, 0x222
    mov     a3, a2
    .if \size >= 8
    mov     a4, a2
    mov     a5, a2
    mov     a6, a2
    mov     a7, a2
    .endif
    .if \size == 12
    mov     a8, a2
    mov     a9, a2
    mov     a10, a2
    mov     a11, a2
    .endif
    set_locals \size, 2
    movi    a15, jump_after_a_dive
    callx\size a15

1:  check   a2, 0x102
    check   a3, 0x103
    .if \size >= 8
    check   a4, 0x104
    check   a5, 0x105
    check   a6, 0x106
    check   a7, 0x107
    .endif
    .if \size == 12
    check   a8, 0x108
    check   a9, 0x109
    check   a10, 0x10a
    check   a11, 0x10b
    .endif
    l32i    a15, a1, FRAME - 20 - (\size - 4) * 4
    check   a15, 2
    l32i    a15, a1, FRAME - 32 - (\size - 4) * 4
    check   a15, 2
    movi    a2, 1
    retw
9:  movi    a2, 0
    retw
    .endm

    .text
    hold    4, a6
    hold    8, a10
    hold    12, a14

    /* the frame around the one that is jumped to, whose save area an alloca moves */
    .global hold_around
    .align  4
    .literal_position
hold_around:
    entry   a1, 48
    movi    a2, 0x202
    movi    a3, 0x203
    movi    a10, 200
    movi    a15, jump_past_alloca
    callx8  a15
    check   a10, 9
    check   a2, 0x202
    check   a3, 0x203
    movi    a2, 1
    retw
9:  movi    a2, 0
    retw
