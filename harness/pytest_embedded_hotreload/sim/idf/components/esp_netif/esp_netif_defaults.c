// SPDX-License-Identifier: MIT
#include "esp_netif_defaults.h"

#include <stddef.h>

struct esp_netif_netstack_config {
    char unused; // there is one stack, and nothing to choose about it
};

static const esp_netif_netstack_config_t lwip_stack;

const esp_netif_inherent_config_t _g_esp_netif_inherent_eth_config = ESP_NETIF_INHERENT_DEFAULT_ETH();
const esp_netif_netstack_config_t *_g_esp_netif_netstack_default_eth = &lwip_stack;
