/* SPDX-License-Identifier: MIT */
#pragma once

#define CONFIG_HOTRELOAD_TRACE 1
#define CONFIG_HOTRELOAD_MAX_HOOKS 4
