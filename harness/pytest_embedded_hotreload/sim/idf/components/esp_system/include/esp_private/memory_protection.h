/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/*
 * Makes accesses fault that fault on the chip: to addresses without memory, null pointers
 * above all, and jumps to data RAM or device registers.
 */
void esp_memory_protection_init(void);

/* lets loads and stores reach instruction RAM, or none of them; it can be executed in any case */
void esp_memory_protection_open_iram(bool open);
