// SPDX-License-Identifier: MIT
#pragma once

#include "esp_eth_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct esp_eth_netif_glue_t *esp_eth_netif_glue_handle_t;

// joins a driver to a network interface: the result goes to esp_netif_attach()
esp_eth_netif_glue_handle_t esp_eth_new_netif_glue(esp_eth_handle_t handle);
esp_err_t esp_eth_del_netif_glue(esp_eth_netif_glue_handle_t glue);

#ifdef __cplusplus
}
#endif
