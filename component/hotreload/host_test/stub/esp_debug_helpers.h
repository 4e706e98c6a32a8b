/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

void esp_backtrace_get_start(uint32_t *pc, uint32_t *sp, uint32_t *next_pc);
