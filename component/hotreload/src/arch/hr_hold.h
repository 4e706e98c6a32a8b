/* SPDX-License-Identifier: MIT */
/* Where calls go that are held: what the assembler and the rest have to agree on. */
#pragma once

#include <stdint.h>

/* While calls are held all entries of the symbol table lead here. The generated stubs leave the
   address of their entry in a register: this one asks hr_hold_pass() with it, and goes on as a stub
   does, with all that the caller has passed, on the stack and in registers. */
void hr_hold_stub(void);

/* Where the call goes, and the interrupts that hr_hold_stub() lets in again once it has the address
   in a register, where a look at the tasks finds it. */
typedef struct {
    uint32_t function;
    uint32_t interrupts;
} hr_hold_pass_t;

hr_hold_pass_t hr_hold_pass(const volatile uint32_t *entry);

/* Masks all interrupts. Returns what hr_hold_unmask() takes. */
static inline uint32_t hr_hold_mask(void)
{
    uint32_t state = 0;
#ifdef __XTENSA__
    __asm__ volatile("rsil %0, 15" : "=a"(state) : : "memory");
#endif
    return state;
}

static inline void hr_hold_unmask(uint32_t state)
{
#ifdef __XTENSA__
    __asm__ volatile("wsr %0, ps\n\trsync" : : "a"(state) : "memory");
#else
    (void)state;
#endif
}
