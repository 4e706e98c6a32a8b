/* SPDX-License-Identifier: MIT */
/* Which tasks are inside a module. */
#pragma once

#include <stdbool.h>

#include "module/hr_place.h"

/* What tasks have to do with a module that no new call reaches. When it cannot be found out now, they
   are inside. */
typedef struct {
    bool inside;  /* any task, the caller included, can still execute its text */
    bool others;  /* any but the caller can */
    bool objects; /* a task, be it one that has ended and is not cleaned up yet, lies in its memory, or
                     its stack does */
} hr_tasks_t;

hr_tasks_t hr_tasks_look(const hr_placement_t *placement);

/* Whether the caller can execute it. */
bool hr_tasks_is_caller_inside(const hr_placement_t *placement);

/* Whether the caller has come from inside any module that is in memory. */
bool hr_tasks_is_caller_inside_any(void);
