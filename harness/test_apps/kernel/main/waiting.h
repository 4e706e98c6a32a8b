/* SPDX-License-Identifier: MIT */
/* waits that hold on a host that is busy elsewhere, where a few ticks may pass between two lines */
#pragma once

#include <stdbool.h>

#include "freertos/FreeRTOS.h"

/*
 * Fails when the wait takes fewer ticks than it should, or more in each of many tries: a
 * busy host makes single ones late.
 */
void assert_takes_ticks(TickType_t ticks, void (*wait)(void *arg, TickType_t ticks), void *arg);

/* lets all other tasks run until each of them waits, and the idle task free what has ended */
void settle(void);

/* waits until the value is not 0; fails when that takes seconds */
void wait_for(volatile unsigned *value);
