// The transceiver that QEMU puts behind the MAC: only its link state is of use.
// SPDX-License-Identifier: MIT
#include "esp_eth_phy.h"

#include <stdlib.h>

// QEMU answers at this address and no other
#define BOARD_PHY_ADDRESS 1

// IEEE 802.3 clause 22.2.4.2: basic mode status register
#define BMSR 1
#define BMSR_LINK_STATUS (1u << 2)

typedef struct {
    esp_eth_phy_t api;
    esp_eth_mediator_t *mediator;
    uint32_t address;
} dp83848_t;

static dp83848_t *of(esp_eth_phy_t *phy)
{
    return (dp83848_t *)phy;
}

static esp_err_t set_mediator(esp_eth_phy_t *phy, esp_eth_mediator_t *mediator)
{
    of(phy)->mediator = mediator;
    return ESP_OK;
}

static esp_err_t read_link(esp_eth_phy_t *phy, eth_link_t *link)
{
    dp83848_t *self = of(phy);
    uint32_t status = 0;
    esp_err_t err = self->mediator->phy_reg_read(self->mediator, self->address, BMSR, &status);

    if (err == ESP_OK) {
        *link = status & BMSR_LINK_STATUS ? ETH_LINK_UP : ETH_LINK_DOWN;
    }
    return err;
}

static esp_err_t get_addr(esp_eth_phy_t *phy, uint32_t *address)
{
    *address = of(phy)->address;
    return ESP_OK;
}

static esp_err_t del(esp_eth_phy_t *phy)
{
    free(of(phy));
    return ESP_OK;
}

esp_eth_phy_t *esp_eth_phy_new_dp83848(const eth_phy_config_t *config)
{
    dp83848_t *self = config ? calloc(1, sizeof(*self)) : NULL;

    if (!self) {
        return NULL;
    }
    self->address = config->phy_addr == ESP_ETH_PHY_ADDR_AUTO ? BOARD_PHY_ADDRESS : (uint32_t)config->phy_addr;
    self->api = (esp_eth_phy_t){
        .set_mediator = set_mediator,
        .read_link = read_link,
        .get_addr = get_addr,
        .del = del,
    };
    return &self->api;
}
