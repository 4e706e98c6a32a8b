/* SPDX-License-Identifier: MIT */
/* One line on the console per event, for tests and for people; the format is in README.md. */
#pragma once

#include "sdkconfig.h"

#define HR_TRACE_VERSION 1

/* Prints `HR <sequence> <microseconds> <event> <fields>`. */
void hr_trace_print(const char *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Never called without the option, yet the fields are always compiled. */
#ifdef CONFIG_HOTRELOAD_TRACE
#define hr_trace(...) hr_trace_print(__VA_ARGS__)
#else
#define hr_trace(...) do { if (0) { hr_trace_print(__VA_ARGS__); } } while (0)
#endif
