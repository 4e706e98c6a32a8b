/* SPDX-License-Identifier: MIT */
/* stdin, stdout and stderr: the UART */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* starts receiving by interrupt */
void console_init(void);

/* nobody else's output comes in between */
void console_write(const char *data, size_t size);

/* What has come, up to size; does not wait. A carriage return is given as a line feed, as by
   CONFIG_NEWLIB_STDIN_LINE_ENDING_CR, the default of ESP-IDF. */
size_t console_read(char *data, size_t size);

#ifdef __cplusplus
}
#endif
