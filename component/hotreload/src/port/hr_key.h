/* SPDX-License-Identifier: MIT */
/* What the build puts into a firmware with CONFIG_HOTRELOAD_AUTH. */
#pragma once

#include <stdint.h>

#define HR_KEY_SIZE 32

/* Signs requests and modules; the file is made by the build, see CMakeLists.txt. */
extern const uint8_t hotreload_auth_key[HR_KEY_SIZE];

/* CONFIG_HOTRELOAD_BUILD_FLOOR. The firmware's identity leaves it out, as it does the key: with a
   higher one the firmware is the same, and still takes the modules that are new enough. */
extern const uint32_t hotreload_build_floor;
