/* SPDX-License-Identifier: MIT */
#include "arch/hr_stack.h"

#include <string.h>

/* Offsets in the frames that a task leaves on its stack (ESP-IDF, xtensa_context.h: XtExcFrame,
   XtSolFrame; both begin alike). */
#define FRAME_EXIT 0
#define FRAME_PC   4
#define FRAME_A0   12
#define FRAME_A1   16
#define REGISTERS  16

/* Return addresses have the size of the call in bits 31 and 30, in place of those of the address;
   code is called within 1 GB (the same manual, CALL4/8/12). A size is never 0, and neither are these
   bits of an address of text: small numbers are no addresses. */
#define ADDRESS_MASK 0x3fffffffu

/* of a call, which ends where it returns to */
#define CALL_SIZE 3

static bool is_inside(hr_text_t text, uint32_t address)
{
    return address > ADDRESS_MASK && ((address - text.start) & ADDRESS_MASK) < text.size;
}

static bool load(const hr_stack_t *stack, uint32_t address, uint32_t *word)
{
    if (address < stack->low || address > stack->high || stack->high - address < sizeof(*word)) {
        return false;
    }
    memcpy(word, stack->memory + (address - stack->low), sizeof(*word));
    return true;
}

/* To the caller of the function that has `sp`. */
static bool go_up(const hr_stack_t *stack, uint32_t *return_address, uint32_t *sp)
{
    uint32_t caller_sp;
    if (!load(stack, *sp - HR_STACK_SAVE_AREA, return_address)
        || !load(stack, *sp - HR_STACK_SAVE_AREA + 4, &caller_sp) || caller_sp <= *sp) {
        return false;
    }
    *sp = caller_sp;
    return true;
}

bool hr_stack_callers_inside(const hr_stack_t *stack, uint32_t return_address, uint32_t sp,
                             hr_text_t text)
{
    while (return_address != 0) { /* nobody has called the first function of a task */
        if (is_inside(text, return_address) || !go_up(stack, &return_address, &sp)) {
            return true;
        }
    }
    return false;
}

/* A task that was stopped anywhere: besides PC, any register may have an address to go to. A stub
   has read the symbol table, the function to call has not yet made its window, a new task has not
   yet begun. */
static bool interrupted_inside(const hr_stack_t *stack, uint32_t frame, hr_text_t text)
{
    for (uint32_t i = 0; i < REGISTERS; i++) {
        uint32_t value;
        if (!load(stack, frame + FRAME_A0 + 4 * i, &value) || is_inside(text, value)) {
            return true;
        }
    }
    uint32_t return_address, sp;
    return !load(stack, frame + FRAME_A0, &return_address)
        || !load(stack, frame + FRAME_A1, &sp)
        || hr_stack_callers_inside(stack, return_address, sp, text);
}

bool hr_stack_saved_inside(const hr_stack_t *stack, uint32_t frame, hr_text_t text)
{
    uint32_t exit, pc;
    if (!load(stack, frame + FRAME_EXIT, &exit) || !load(stack, frame + FRAME_PC, &pc)
        || is_inside(text, pc)) {
        return true;
    }
    if (exit != 0) {
        return interrupted_inside(stack, frame, text);
    }
    /* a call of the scheduler: the frame is the scheduler's, PC the address it returns to */
    return hr_stack_callers_inside(stack, pc, frame, text);
}

hr_stack_registers_t hr_stack_registers(const void *frame)
{
    hr_stack_registers_t registers;
    const uint8_t *start = frame;
    memcpy(&registers.pc, start + FRAME_PC, sizeof(registers.pc));
    memcpy(&registers.return_address, start + FRAME_A0, sizeof(registers.return_address));
    memcpy(&registers.sp, start + FRAME_A1, sizeof(registers.sp));
    return registers;
}

bool hr_stack_find(const hr_stack_t *stack, const hr_stack_registers_t *registers, hr_text_t text,
                   uint32_t *address)
{
    uint32_t return_address = registers->return_address;
    uint32_t sp = registers->sp;
    if (registers->pc - text.start < text.size) {
        *address = registers->pc;
        return true;
    }
    while (return_address != 0) {
        if (is_inside(text, return_address)) {
            *address = text.start + ((return_address - text.start) & ADDRESS_MASK) - CALL_SIZE;
            return true;
        }
        if (!go_up(stack, &return_address, &sp)) {
            return false;
        }
    }
    return false;
}

/* PC itself is a whole address: 0, to which a null pointer leads, is not the one of the ROM. */
static bool stopped_in_any(const hr_text_t *texts, size_t count, uint32_t pc)
{
    for (size_t i = 0; i < count; i++) {
        if (pc - texts[i].start < texts[i].size) {
            return true;
        }
    }
    return false;
}

static bool is_in_any(const hr_text_t *texts, size_t count, uint32_t address)
{
    for (size_t i = 0; i < count; i++) {
        if (is_inside(texts[i], address)) {
            return true;
        }
    }
    return false;
}

bool hr_stack_within(const hr_stack_t *stack, const hr_stack_registers_t *registers,
                     const hr_text_t *texts, size_t count)
{
    uint32_t return_address = registers->return_address;
    uint32_t sp = registers->sp;
    if (!stopped_in_any(texts, count, registers->pc)) {
        return false;
    }
    while (return_address != 0) { /* nobody has called the first function of a task */
        if (!is_in_any(texts, count, return_address)
            || !go_up(stack, &return_address, &sp)) {
            return false;
        }
    }
    return true;
}
