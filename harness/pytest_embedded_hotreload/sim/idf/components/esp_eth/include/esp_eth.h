// SPDX-License-Identifier: MIT
#pragma once

#include "esp_eth_driver.h"
#include "esp_eth_netif_glue.h"
