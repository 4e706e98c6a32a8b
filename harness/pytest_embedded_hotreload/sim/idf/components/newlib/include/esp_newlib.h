/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/reent.h>

#ifdef __cplusplus
extern "C" {
#endif

/* the C library's state of one task: its own, but for the standard streams, which all share */
void esp_reent_init(struct _reent *reent);
void esp_reent_cleanup(struct _reent *reent);

/* start-up: opens the standard streams */
void esp_newlib_init(void);

#ifdef __cplusplus
}
#endif
