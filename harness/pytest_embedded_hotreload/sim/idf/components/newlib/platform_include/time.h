/* SPDX-License-Identifier: MIT */
/* newlib declares the POSIX clocks for systems that claim to have them: this one does */
#pragma once

#define _POSIX_TIMERS 1
#define _POSIX_MONOTONIC_CLOCK 200112L
#include_next <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC ((clockid_t)4)
#endif

int clock_gettime(clockid_t clock, struct timespec *now);

#ifdef __cplusplus
}
#endif
