/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes accesses fault that fault on the chip: to addresses without memory, null pointers
 * above all, and jumps to data RAM or device registers.
 */
void esp_memory_protection_init(void);
