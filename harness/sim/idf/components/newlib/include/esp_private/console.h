/* SPDX-License-Identifier: MIT */
/* stdin, stdout and stderr: the UART */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* starts receiving by interrupt */
void console_init(void);

/* nobody else's output comes in between */
void console_write(const char *data, size_t size);

/* waits for at least one byte, returns what is there up to size; 0: none within the ticks */
size_t console_read(char *data, size_t size, uint32_t ticks);

#ifdef __cplusplus
}
#endif
