/* SPDX-License-Identifier: MIT */
/* The default event loop: see events.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_event_base.h"

esp_err_t esp_event_post(esp_event_base_t base, int32_t id, const void *data, size_t size,
                         uint32_t ticks_to_wait);
