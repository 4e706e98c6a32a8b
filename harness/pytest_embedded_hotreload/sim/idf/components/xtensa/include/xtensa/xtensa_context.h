/* SPDX-License-Identifier: MIT */
/*
 * What of a task is on its stack while it does not run, in ESP-IDF's layout: an XtExcFrame after
 * an exception or interrupt, an XtSolFrame after a yield. Both are a task's top of stack, `exit`
 * tells them apart. The registers of the callers are in the save areas of the windowed ABI: below
 * `a1` of an XtExcFrame, below the frame itself of an XtSolFrame.
 */
#pragma once

#define XT_STK_EXIT 0
#define XT_STK_PC 4
#define XT_STK_PS 8
#define XT_STK_A0 12
#define XT_STK_A1 16
#define XT_STK_A2 20
#define XT_STK_A3 24
#define XT_STK_A4 28
#define XT_STK_A5 32
#define XT_STK_A6 36
#define XT_STK_A7 40
#define XT_STK_A8 44
#define XT_STK_A9 48
#define XT_STK_A10 52
#define XT_STK_A11 56
#define XT_STK_A12 60
#define XT_STK_A13 64
#define XT_STK_A14 68
#define XT_STK_A15 72
#define XT_STK_SAR 76
#define XT_STK_EXCCAUSE 80
#define XT_STK_EXCVADDR 84
#define XT_STK_LBEG 88
#define XT_STK_LEND 92
#define XT_STK_LCOUNT 96
#define XtExcFrameSize 112
/* behind the frame: registers that not every core has */
#define XT_STK_SCOMPARE1 112
/* with room for the base save area of the stopped code, and for one more */
#define XT_STK_FRMSZ 160

#define XT_SOL_EXIT 0
#define XT_SOL_PC 4
#define XT_SOL_PS 8
#define XT_SOL_FRMSZ 32

/* a caller's a0-a3 lie in the 16 bytes below the stack pointer (ABI: base save area) */
#define XT_BASE_SAVE_SIZE 16

/* PS fields (ISA manual, "Processor Status Special Register") */
#define XT_PS_WOE 0x40000
#define XT_PS_UM 0x20
#define XT_PS_EXCM 0x10
#define XT_PS_INTLEVEL_MASK 0xf
/* level that masks every interrupt in use: the level that PS.EXCM masks on this core */
#define XT_INTLEVEL_KERNEL 3

#define XT_EXCCAUSE_LOAD_STORE_ERROR 3
#define XT_EXCCAUSE_INTERRUPT 4
#define XT_EXCCAUSE_ALLOCA 5
#define XT_EXCCAUSE_FETCH_PROHIBITED 20
#define XT_EXCCAUSE_LOAD_PROHIBITED 28
#define XT_EXCCAUSE_STORE_PROHIBITED 29

#ifndef __ASSEMBLER__
typedef struct {
    long exit; /* never 0 */
    long pc;
    long ps;
    long a0;
    long a1;
    long a2;
    long a3;
    long a4;
    long a5;
    long a6;
    long a7;
    long a8;
    long a9;
    long a10;
    long a11;
    long a12;
    long a13;
    long a14;
    long a15;
    long sar;
    long exccause;
    long excvaddr;
    long lbeg;
    long lend;
    long lcount;
    long tmp0; /* ESP-IDF's spill needs these three */
    long tmp1;
    long tmp2;
} XtExcFrame;

typedef struct {
    long exit; /* 0 */
    long pc;   /* return address of the yield, with the size of the call in bits 31 and 30 */
    long ps;
    long next; /* not used */
    long a0;   /* from here on: base save area of the caller's caller */
    long a1;
    long a2;
    long a3;
} XtSolFrame;

_Static_assert(sizeof(XtExcFrame) == XtExcFrameSize, "frame layout shared with assembly");
_Static_assert(__builtin_offsetof(XtExcFrame, sar) == XT_STK_SAR, "frame layout");
_Static_assert(__builtin_offsetof(XtExcFrame, lcount) == XT_STK_LCOUNT, "frame layout");
_Static_assert(sizeof(XtSolFrame) == XT_SOL_FRMSZ, "frame layout shared with assembly");
_Static_assert(__builtin_offsetof(XtSolFrame, ps) == XT_SOL_PS, "frame layout");
#endif
