/* SPDX-License-Identifier: MIT */
/* From where the component was called. */
#pragma once

#include <stdbool.h>

/* Whether the caller may wait, and with that log: not in an interrupt, nor with interrupts masked or
   the scheduler suspended. May be called from anywhere. */
bool hr_context_may_wait(void);

/* Whether it is a task of the system that others wait for: an idle task, esp_timer's, or an IPC task.
   For a caller that may wait. */
bool hr_context_is_of_the_system(void);
