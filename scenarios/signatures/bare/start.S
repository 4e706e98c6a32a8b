/* Start-up code of a program for the bare board with the call0 ABI: no register windows, so that
 * there is nothing to handle but what must not happen. */
    .section .vectors, "ax", @progbits
    .org 0x300                  /* de212: kernel, user and double exception */
    j       crash
    .org 0x340
    j       crash
    .org 0x3c0
    j       crash

    /* beside the vectors, from which jumps do not go far */
    .section .start, "ax", @progbits
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
    movi    a0, 0x2f            /* PS: no windows, user vector, interrupts masked */
    wsr     a0, ps
    rsync
    movi    a0, 0
    movi    a1, __stack_top
    movi    a2, __bss_start
    movi    a3, __bss_end
1:  bgeu    a2, a3, 2f
    s32i    a0, a2, 0
    addi    a2, a2, 4
    j       1b
2:  call0   board_main

    .align  4
    .literal_position
crash:
    movi    a1, __stack_top
    movi    a0, 0x2f
    wsr     a0, ps
    rsync
    rsr     a2, exccause
    rsr     a3, epc1
    call0   board_crash
