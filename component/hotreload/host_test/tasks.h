/* SPDX-License-Identifier: MIT */
/* Tasks that are inside modules, as a test pretends, and the time that passes meanwhile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The next `count` modules that are retired have a task inside. */
void tasks_enter(uint32_t count);

/* The task in the module that was retired first leaves it. */
void tasks_leave(void);

/* The same, after that many ticks in which the component waits. */
void tasks_leave_after(uint32_t ticks);

/* The next module that is retired has objects of the kernel in its memory, and no task inside. */
void tasks_lie_in(void);

/* They are in no list of the kernel's any more. */
void tasks_clean_up(void);

/* The idle task passes: it has done with them. */
void tasks_idle(void);

/* Where the component is called from: a task, `isr`, `masked`, `suspended`, or a task by its name. */
void tasks_set_context(const char *name);

/* Whether the task that runs is inside the module that is loaded. */
void tasks_set_caller_inside(bool is_inside);

/* Whether the stack of the task that runs lies in PSRAM. */
void tasks_set_caller_in_psram(bool is_in_psram);

/* What the component's own task would do runs, if there is one. */
void tasks_run_created(void);

/* No task can be created, until the opposite is said. */
void tasks_fail_to_create(bool fails);

/* One tick passes: timers that are due expire. Returns whether one runs that expires
   with the next tick. */
bool tasks_tick(void);
