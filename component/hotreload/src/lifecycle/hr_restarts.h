/* SPDX-License-Identifier: MIT */
/* How often the device has restarted since its module was loaded, so that who has uploaded it can see
   that it crashes the device. Kept in RTC memory: it survives resets, and is 0 again without power. */
#pragma once

#include <stdint.h>

#include "flash/hr_store.h"

/* The module is called from now on: the same one as before the device's start, or another one. */
void hr_restarts_run(const hr_origin_t *origin);

uint32_t hr_restarts(void);
