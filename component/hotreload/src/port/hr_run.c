/* SPDX-License-Identifier: MIT */
#include "port/hr_run.h"

void hr_run(uint32_t function)
{
    ((void (*)(void))(uintptr_t)function)();
}
