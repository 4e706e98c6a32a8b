// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>

#include "esp_eth_com.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct esp_eth_mac_s esp_eth_mac_t;
struct esp_eth_mac_s {
    esp_err_t (*set_mediator)(esp_eth_mac_t *mac, esp_eth_mediator_t *mediator);
    esp_err_t (*init)(esp_eth_mac_t *mac);
    esp_err_t (*deinit)(esp_eth_mac_t *mac);
    esp_err_t (*start)(esp_eth_mac_t *mac);
    esp_err_t (*stop)(esp_eth_mac_t *mac);
    esp_err_t (*transmit)(esp_eth_mac_t *mac, uint8_t *frame, uint32_t length);
    esp_err_t (*read_phy_reg)(esp_eth_mac_t *mac, uint32_t phy_address, uint32_t reg, uint32_t *value);
    esp_err_t (*write_phy_reg)(esp_eth_mac_t *mac, uint32_t phy_address, uint32_t reg, uint32_t value);
    esp_err_t (*set_addr)(esp_eth_mac_t *mac, uint8_t *address);
    esp_err_t (*get_addr)(esp_eth_mac_t *mac, uint8_t *address);
    esp_err_t (*set_promiscuous)(esp_eth_mac_t *mac, bool enable);
    esp_err_t (*del)(esp_eth_mac_t *mac);
};

typedef struct {
    uint32_t sw_reset_timeout_ms;
    uint32_t rx_task_stack_size;
    uint32_t rx_task_prio;
    uint32_t flags;
} eth_mac_config_t;

#define ETH_MAC_FLAG_WORK_WITH_CACHE_DISABLE (1 << 0)
#define ETH_MAC_FLAG_PIN_TO_CORE (1 << 1)

#define ETH_MAC_DEFAULT_CONFIG()    \
    {                               \
        .sw_reset_timeout_ms = 100, \
        .rx_task_stack_size = 4096, \
        .rx_task_prio = 15,         \
        .flags = 0,                 \
    }

#if CONFIG_ETH_USE_OPENETH
esp_eth_mac_t *esp_eth_mac_new_openeth(const eth_mac_config_t *config);

// what the receiver has done since the start
typedef struct {
    uint32_t received;
    uint32_t ring_full; // times that the controller dropped frames because every buffer was in use
} eth_openeth_counters_t;

eth_openeth_counters_t esp_eth_mac_openeth_counters(void);
#endif

#ifdef __cplusplus
}
#endif
