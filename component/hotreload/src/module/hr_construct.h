/* SPDX-License-Identifier: MIT */
/* Runs the constructors and destructors of a module in the task that calls, each of them once. */
#pragma once

#include "module/hr_module.h"

/* Of a module that is placed and that nobody calls yet. */
void hr_construct(const hr_module_t *module);

/* Of a module that nobody executes any more. Calls into it, so no lock may be held that one of its
   functions could wait for. */
void hr_destruct(hr_module_t *module);
