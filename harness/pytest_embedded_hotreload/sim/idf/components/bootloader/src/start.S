/* SPDX-License-Identifier: MIT */
/* first instructions after a reset, and the vectors for as long as the boot loader runs */

    .section .reset, "ax"
    .global _start
    .align  4
_start:
    j       boot_start

    .section .vectors, "ax"
    .align  1024
    .global boot_vectors
boot_vectors:
#include "xtensa/window_vectors.S"
    .org    0x300
    j       boot_exception
    .org    0x340
    j       boot_exception
    .org    0x3c0
    j       boot_exception

    .text
    .align  4
    .literal_position
boot_start:
    movi    a0, 0
    wsr     a0, intenable
    wsr     a0, ps
    /* the time since the reset: QEMU lets it run on */
    wsr     a0, ccount
    /* system_reset keeps WINDOWBASE */
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    rsync
    movi    a0, boot_vectors
    wsr     a0, vecbase
    movi    a1, __stack_top
    /* WOE, UM, INTLEVEL 15: windows on, no interrupts */
    movi    a0, 0x4002f
    wsr     a0, ps
    rsync
    movi    a0, 0
    call4   boot_main
1:  j       1b

/* an exception here is a damaged image or a fault of the boot loader: say so and stop */
    .align  4
    .literal_position
boot_exception:
    movi    a0, 0
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    movi    a0, 0x4002f
    wsr     a0, ps
    rsync
    movi    a1, __stack_top
    rsr     a6, exccause
    rsr     a7, epc1
    movi    a0, 0
    call4   boot_panic
1:  j       1b

/* void boot_jump(uint32_t entry): leaves for the application, in the first register window */
    .align  4
    .literal_position
    .global boot_jump
boot_jump:
    entry   a1, 32
    wsr     a2, excsave1
    movi    a0, 0x1f
    wsr     a0, ps
    rsync
    movi    a0, 0
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    rsync
    rsr     a3, excsave1
    /* no boot tags, unlike a start with -kernel */
    movi    a2, 0
    movi    a0, 0
    jx      a3
