/* SPDX-License-Identifier: MIT */
/* The vectors, at VECBASE. Offsets: core-isa.h of core de212, XCHAL_*_VECOFS. */
#include "xtensa/xtensa_context.h"

    .section .vectors, "ax"
    .global _xt_vectors
_xt_vectors:

#include "xtensa/window_vectors.S"

    .global _xt_window_vectors_end
_xt_window_vectors_end:

    /* interrupts above level 1 are never enabled; the debug vector takes break instructions */
    .org 0x280
    j       _xt_debug_exception

    .org 0x300
    wsr     a0, excsave1
    j       _xt_exception

    .org 0x340
    wsr     a0, excsave1
    j       _xt_exception

    .org 0x3c0
    wsr     a0, excsave2
    j       _xt_double_exception

    .org 0x400
