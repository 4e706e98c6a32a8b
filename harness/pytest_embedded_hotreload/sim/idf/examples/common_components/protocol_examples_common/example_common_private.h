// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>

#include "esp_err.h"
#include "esp_netif.h"

esp_err_t example_ethernet_connect(void);
void example_ethernet_shutdown(void);
