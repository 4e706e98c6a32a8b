/* SPDX-License-Identifier: MIT */
/* Unity's copy in Debian's source package cjson includes its configuration by this path */
#include "../include/unity_config.h"
