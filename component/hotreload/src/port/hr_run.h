/* SPDX-License-Identifier: MIT */
/* Code of a module that is called by the component itself. */
#pragma once

#include <stdint.h>

/* Calls the function at a run address, which takes nothing and returns nothing. */
void hr_run(uint32_t function);
