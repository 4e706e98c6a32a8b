// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "esp_err.h"
#include "esp_eth_spec.h"
#include "esp_event_base.h"
#include "hal/eth_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// posted with the esp_eth_handle_t as data
typedef enum {
    ETHERNET_EVENT_START,
    ETHERNET_EVENT_STOP,
    ETHERNET_EVENT_CONNECTED,
    ETHERNET_EVENT_DISCONNECTED,
} eth_event_t;

ESP_EVENT_DECLARE_BASE(ETH_EVENT);

// what a MAC and a PHY get to know of the driver that joins them
typedef struct esp_eth_mediator_s esp_eth_mediator_t;
struct esp_eth_mediator_s {
    esp_err_t (*phy_reg_read)(esp_eth_mediator_t *mediator, uint32_t phy_address, uint32_t reg, uint32_t *value);
    esp_err_t (*phy_reg_write)(esp_eth_mediator_t *mediator, uint32_t phy_address, uint32_t reg, uint32_t value);
    // the frame is the caller's again on return
    void (*frame_received)(esp_eth_mediator_t *mediator, uint8_t *frame, uint32_t length);
    // no more frames for now
    void (*burst_received)(esp_eth_mediator_t *mediator);
};

#ifdef __cplusplus
}
#endif
