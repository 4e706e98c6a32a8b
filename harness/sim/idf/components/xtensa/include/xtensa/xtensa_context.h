/* SPDX-License-Identifier: MIT */
/* what an exception or interrupt saves of the code that it stops */
#pragma once

#define XT_FRAME_PC 0
#define XT_FRAME_PS 4
#define XT_FRAME_A0 8
#define XT_FRAME_A1 12
#define XT_FRAME_A2 16
#define XT_FRAME_A3 20
#define XT_FRAME_SAR 72
#define XT_FRAME_EXCCAUSE 76
#define XT_FRAME_EXCVADDR 80
#define XT_FRAME_LBEG 84
#define XT_FRAME_LEND 88
#define XT_FRAME_LCOUNT 92
#define XT_FRAME_SCOMPARE1 96
#define XT_FRAME_SIZE 112

/* a caller's a0-a3 lie in the 16 bytes below the stack pointer (ABI: base save area) */
#define XT_BASE_SAVE_SIZE 16

/* PS fields (ISA manual, "Processor Status Special Register") */
#define XT_PS_WOE 0x40000
#define XT_PS_UM 0x20
#define XT_PS_EXCM 0x10
#define XT_PS_INTLEVEL_MASK 0xf
/* level that masks every interrupt in use: the level that PS.EXCM masks on this core */
#define XT_INTLEVEL_KERNEL 3

#define XT_EXCCAUSE_SYSCALL 1
#define XT_EXCCAUSE_INTERRUPT 4
#define XT_EXCCAUSE_ALLOCA 5
#define XT_EXCCAUSE_FETCH_PROHIBITED 20

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef struct {
    uint32_t pc;
    uint32_t ps;
    union {
        uint32_t a[16];
        struct {
            uint32_t a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15;
        };
    };
    uint32_t sar;
    uint32_t exccause;
    uint32_t excvaddr;
    uint32_t lbeg;
    uint32_t lend;
    uint32_t lcount;
    uint32_t scompare1;
    uint32_t reserved[3];
} XtExcFrame;

_Static_assert(sizeof(XtExcFrame) == XT_FRAME_SIZE, "frame layout shared with assembly");
_Static_assert(__builtin_offsetof(XtExcFrame, sar) == XT_FRAME_SAR, "frame layout");
_Static_assert(__builtin_offsetof(XtExcFrame, scompare1) == XT_FRAME_SCOMPARE1, "frame layout");
#endif
