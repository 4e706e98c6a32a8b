/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-random numbers, seeded from the time: the board has no source of entropy. They differ
 * from boot to boot, and are good for sequence numbers and test data, not for keys.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint32_t esp_random(void);
void esp_fill_random(void *buf, size_t len);

#ifdef __cplusplus
}
#endif
