/* SPDX-License-Identifier: MIT */
/* No trace: millions of loads would print it. */
#pragma once

#include_next "sdkconfig.h"
#undef CONFIG_HOTRELOAD_TRACE
