/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* panics with the text in place of an exception; the text has to stay where it is */
void panic_abort(const char *details) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
