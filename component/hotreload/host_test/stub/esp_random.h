/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* Always the same bytes. */
void esp_fill_random(void *bytes, size_t size);
