/* SPDX-License-Identifier: MIT */
/* The time since boot stands still, but for the steps of a test. */
#pragma once

#include <stdint.h>

void clock_set(int64_t microseconds);
