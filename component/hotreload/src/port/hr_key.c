/* SPDX-License-Identifier: MIT */
#include "port/hr_key.h"

#include "sdkconfig.h"

#if CONFIG_HOTRELOAD_AUTH
const uint32_t hotreload_build_floor = CONFIG_HOTRELOAD_BUILD_FLOOR;
#endif
