// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>

#include "esp_event_base.h"

#ifdef __cplusplus
extern "C" {
#endif

// whether an event of this base would reach any handler of the default loop now; true also when the loop is busy
bool esp_event_is_awaited(esp_event_base_t base);
bool esp_event_is_awaited_by(esp_event_loop_handle_t loop, esp_event_base_t base);

#ifdef __cplusplus
}
#endif
