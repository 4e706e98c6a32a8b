// addresses as text
// SPDX-License-Identifier: MIT
#include "esp_netif.h"
#include "lwip/ip4_addr.h"

void esp_netif_set_ip4_addr(esp_ip4_addr_t *address, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    address->addr = ESP_IP4TOADDR(a, b, c, d);
}

char *esp_ip4addr_ntoa(const esp_ip4_addr_t *address, char *text, int size)
{
    const ip4_addr_t ip = {.addr = address->addr};
    return ip4addr_ntoa_r(&ip, text, size);
}

uint32_t esp_ip4addr_aton(const char *text)
{
    return ipaddr_addr(text);
}

esp_err_t esp_netif_str_to_ip4(const char *text, esp_ip4_addr_t *address)
{
    ip4_addr_t ip;

    if (!text || !address) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!ip4addr_aton(text, &ip)) {
        return ESP_FAIL;
    }
    address->addr = ip.addr;
    return ESP_OK;
}
