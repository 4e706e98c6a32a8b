/* What the functions under test see: they are the same in the module and, as copies to compare
 * with, in the firmware. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef SIG_COPY
#define SIG(name) copy_##name
#else
#define SIG(name) name
#endif

/* any function, until it is called */
typedef void sig_function_t(void);
typedef int (*sig_callback_t)(int);

/* compares the arguments of a row of the table, given by their addresses, with what the caller
 * has passed, and overwrites them: they are the function's own */
void sig_take(unsigned row, ...);

/* the result that the caller of a row expects */
void sig_give(unsigned row, void *result);
