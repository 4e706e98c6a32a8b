/* SPDX-License-Identifier: MIT */
/* The host's default event loop: prints each event, one line each, at once. */
#pragma once

#include "esp_err.h"

/* What posting gives from here on. Anything but ESP_OK loses the event. */
void events_set_result(esp_err_t result);

/* Is called with the name of each event from here on. */
void events_set_listener(void (*listener)(const char *event));
