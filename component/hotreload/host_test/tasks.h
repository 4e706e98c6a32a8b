/* SPDX-License-Identifier: MIT */
/* Tasks that are inside modules, as a test pretends, and the time that passes meanwhile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The next `count` modules that are retired have a task inside. */
void tasks_enter(uint32_t count);

/* The task in the module that was retired first leaves it. */
void tasks_leave(void);

/* One tick passes. Returns whether the timer runs. */
bool tasks_tick(void);
