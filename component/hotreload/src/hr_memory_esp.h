/* SPDX-License-Identifier: MIT */
/* The device's heaps: text into executable RAM, data into byte-addressable RAM. */
#pragma once

#include "hr_place.h"

extern const hr_memory_t hr_memory_esp;
