// between the driver and the glue
// SPDX-License-Identifier: MIT
#pragma once

#include "esp_eth_driver.h"

// the frame is the driver's again on return
typedef void (*eth_input_fn_t)(void *context, uint8_t *frame, uint32_t length);

// after the last of several frames that came together
typedef void (*eth_input_end_fn_t)(void *context);

void eth_set_input(esp_eth_handle_t handle, eth_input_fn_t input, eth_input_end_fn_t input_end, void *context);
