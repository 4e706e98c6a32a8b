/* SPDX-License-Identifier: MIT */
/* Which tasks are inside a module. */
#pragma once

#include <stdbool.h>

#include "module/hr_place.h"

/* Whether any task, the caller included, can still execute the text of a module that no new call
   reaches. Also true when it cannot be found out now. */
bool hr_tasks_inside(const hr_placement_t *placement);

/* Whether the caller can. */
bool hr_tasks_is_caller_inside(const hr_placement_t *placement);
