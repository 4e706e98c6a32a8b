// SPDX-License-Identifier: MIT
#pragma once

#include "esp_netif_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_NETIF_INHERENT_DEFAULT_ETH()                                                                             \
    {                                                                                                                \
        .flags = (esp_netif_flags_t)(ESP_NETIF_DHCP_CLIENT | ESP_NETIF_FLAG_GARP | ESP_NETIF_FLAG_EVENT_IP_MODIFIED), \
        .get_ip_event = IP_EVENT_ETH_GOT_IP,                                                                         \
        .lost_ip_event = IP_EVENT_ETH_LOST_IP,                                                                       \
        .if_key = "ETH_DEF",                                                                                         \
        .if_desc = "eth",                                                                                            \
        .route_prio = 50,                                                                                            \
    }

#define ESP_NETIF_DEFAULT_ETH()                  \
    {                                            \
        .base = ESP_NETIF_BASE_DEFAULT_ETH,      \
        .driver = NULL,                          \
        .stack = ESP_NETIF_NETSTACK_DEFAULT_ETH, \
    }

#define ESP_NETIF_BASE_DEFAULT_ETH &_g_esp_netif_inherent_eth_config
#define ESP_NETIF_NETSTACK_DEFAULT_ETH _g_esp_netif_netstack_default_eth

extern const esp_netif_inherent_config_t _g_esp_netif_inherent_eth_config;
extern const esp_netif_netstack_config_t *_g_esp_netif_netstack_default_eth;

#ifdef __cplusplus
}
#endif
