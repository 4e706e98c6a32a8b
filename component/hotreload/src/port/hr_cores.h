/* SPDX-License-Identifier: MIT */
/* All cores at once. */
#pragma once

#include <stdbool.h>

/* From here on no task but the caller runs on any core, and all of them have left their registers
   on their stacks; interrupts are served. Not nested, one caller at a time. False: not possible at
   this moment, try later. */
bool hr_cores_hold(void);

/* Tasks run again. */
void hr_cores_release(void);
