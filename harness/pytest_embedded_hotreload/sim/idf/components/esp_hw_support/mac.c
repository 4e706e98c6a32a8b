/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "esp_mac.h"

static uint8_t s_base[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x53};

esp_err_t esp_base_mac_addr_get(uint8_t *mac)
{
    if (!mac) {
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(mac, s_base, sizeof(s_base));
    return ESP_OK;
}

esp_err_t esp_base_mac_addr_set(const uint8_t *mac)
{
    if (!mac || (mac[0] & 1)) { /* a multicast address */
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(s_base, mac, sizeof(s_base));
    return ESP_OK;
}

esp_err_t esp_efuse_mac_get_default(uint8_t *mac)
{
    return esp_base_mac_addr_get(mac);
}

esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type)
{
    if (type > ESP_MAC_ETH) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    esp_err_t err = esp_base_mac_addr_get(mac);
    if (err == ESP_OK) {
        mac[5] = (uint8_t)(mac[5] + type);
    }
    return err;
}
