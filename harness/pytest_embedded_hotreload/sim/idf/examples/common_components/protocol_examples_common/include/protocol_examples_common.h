// Connects an example to the network, as chosen in the configuration.
// SPDX-License-Identifier: MIT
#pragma once

#include "esp_err.h"
#include "esp_eth.h"
#include "esp_netif.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EXAMPLE_NETIF_DESC_ETH "example_netif_eth"
#define EXAMPLE_INTERFACE get_example_netif_from_desc(EXAMPLE_NETIF_DESC_ETH)
#define get_example_netif() get_example_netif_from_desc(EXAMPLE_NETIF_DESC_ETH)

// returns when there is an address
esp_err_t example_connect(void);
esp_err_t example_disconnect(void);

esp_netif_t *get_example_netif_from_desc(const char *description);
esp_eth_handle_t get_example_eth_handle(void);

// unbuffered stdin, for examples that ask for something
esp_err_t example_configure_stdin_stdout(void);

#ifdef __cplusplus
}
#endif
