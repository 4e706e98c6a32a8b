/* SPDX-License-Identifier: MIT */
/*
 * Where a new task begins: a2 holds its function, a3 the argument. a0 = 0 ends
 * backtraces. A task function that returns ends in xt_task_returned().
 */
    .section .text.xt_task_start, "ax", @progbits
    .global xt_task_start
    .type   xt_task_start, @function
    .align  4
    .literal_position
xt_task_start:
    movi    a0, 0
    mov     a6, a3
    callx4  a2
    movi    a2, xt_task_returned
    callx4  a2
    .size   xt_task_start, . - xt_task_start
