/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* see clock.h */
int64_t esp_timer_get_time(void);
