/* SPDX-License-Identifier: MIT */
#pragma once

#include <assert.h>

#define ESP_STATIC_ASSERT _Static_assert
#define TRY_STATIC_ASSERT(condition, message) \
    do {                                      \
        _Static_assert((condition), #message); \
    } while (0)
