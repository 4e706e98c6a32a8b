/* SPDX-License-Identifier: MIT */
/* an interrupt that code can raise: the way into FromISR functions */
#pragma once

/* runs the function in interrupt context, before it returns */
void run_in_interrupt(void (*function)(void *), void *arg);
