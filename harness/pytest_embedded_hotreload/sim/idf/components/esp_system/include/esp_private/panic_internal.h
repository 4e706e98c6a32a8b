/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    PANIC_EXCEPTION_DEBUG,
    PANIC_EXCEPTION_IWDT,
    PANIC_EXCEPTION_TWDT,
    PANIC_EXCEPTION_ABORT,
    PANIC_EXCEPTION_FAULT,
} panic_exception_t;

/* what esp_panic_handler() gets; `frame` is an XtExcFrame */
typedef struct {
    int core;
    panic_exception_t exception;
    const char *reason;
    const char *description;
    const void *addr;
    const void *frame;
    bool pseudo_excause;
} panic_info_t;

/* says what happened, then restarts or halts */
void esp_panic_handler(panic_info_t *info);

void panic_restart(void) __attribute__((noreturn));

/* panics with the text in place of an exception; the text has to stay where it is */
void panic_abort(const char *details) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
