/* SPDX-License-Identifier: MIT */
#pragma once

#include "esp_system.h"

/* what esp_reset_reason() says after the reset that is about to happen */
void esp_reset_reason_set_hint(esp_reset_reason_t reason);

/* start-up: finds out what esp_reset_reason() has to say */
void esp_reset_reason_init(void);
