/* SPDX-License-Identifier: MIT */
/* Can a task still execute a module? Read off its stack, windowed ABI. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the text of a module is. */
typedef struct {
    uint32_t start;
    uint32_t size;
} hr_text_t;

/* The part of a task's stack that is in use: `memory` is what the target has at `low`; it ends at
   `high`. It begins with a save area, HR_STACK_SAVE_AREA below the stack pointer. */
typedef struct {
    const uint8_t *memory;
    uint32_t low;
    uint32_t high;
} hr_stack_t;

/* Below each stack pointer are a0 to a3 of the caller, once the caller's registers were spilled
   (Xtensa ISA reference manual, "The Windowed Register Usage and Stack Layout"). */
#define HR_STACK_SAVE_AREA 16

/* Both say yes as well when they cannot follow the stack to its end: then nobody knows. */

/* A task that does not run, whose top of stack is the frame at `frame`. */
bool hr_stack_saved_inside(const hr_stack_t *stack, uint32_t frame, hr_text_t text);

/* A function that has the stack pointer `sp` and returns to `return_address`, and all its
   callers. */
bool hr_stack_callers_inside(const hr_stack_t *stack, uint32_t return_address, uint32_t sp,
                             hr_text_t text);

/* What an exception leaves of the code that it has stopped. */
typedef struct {
    uint32_t pc;
    uint32_t return_address;
    uint32_t sp;
} hr_stack_registers_t;

/* Of the frame of an exception, in the memory that runs this. */
hr_stack_registers_t hr_stack_registers(const void *frame);

/* The innermost address of code that was stopped, and of its callers, in a text: of a caller that of
   its call. false: none, as far as the stack can be followed. */
bool hr_stack_find(const hr_stack_t *stack, const hr_stack_registers_t *registers, hr_text_t text,
                   uint32_t *address);

/* Whether code that was stopped, and all its callers up to the first function of the task, are in one
   of the texts. Says no when it cannot follow the stack to its end. */
bool hr_stack_within(const hr_stack_t *stack, const hr_stack_registers_t *registers,
                     const hr_text_t *texts, size_t count);
