/* SPDX-License-Identifier: MIT */
/* The task that calls the component. */
#pragma once

#include <stdbool.h>

/* Whether its stack lies in PSRAM. */
bool hr_caller_is_in_psram(void);
