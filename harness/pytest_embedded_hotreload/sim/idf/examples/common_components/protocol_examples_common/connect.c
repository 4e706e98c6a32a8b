// SPDX-License-Identifier: MIT
#include <string.h>

#include "esp_log.h"
#include "esp_system.h"
#include "example_common_private.h"
#include "protocol_examples_common.h"

static const char *TAG = "example_common";

static bool has_description(esp_netif_t *netif, void *description)
{
    return strcmp(esp_netif_get_desc(netif), description) == 0;
}

esp_netif_t *get_example_netif_from_desc(const char *description)
{
    return esp_netif_find_if(has_description, (void *)description);
}

esp_err_t example_connect(void)
{
#if CONFIG_EXAMPLE_CONNECT_ETHERNET
    esp_err_t err = example_ethernet_connect();
    if (err != ESP_OK) {
        return err;
    }
    ESP_ERROR_CHECK(esp_register_shutdown_handler(example_ethernet_shutdown));

    esp_netif_ip_info_t ip_info;
    esp_netif_t *netif = get_example_netif();
    ESP_ERROR_CHECK(esp_netif_get_ip_info(netif, &ip_info));
    ESP_LOGI(TAG, "Connected to %s", esp_netif_get_desc(netif));
    ESP_LOGI(TAG, "- IPv4 address: " IPSTR ",", IP2STR(&ip_info.ip));
#endif
    return ESP_OK;
}

esp_err_t example_disconnect(void)
{
#if CONFIG_EXAMPLE_CONNECT_ETHERNET
    example_ethernet_shutdown();
    return esp_unregister_shutdown_handler(example_ethernet_shutdown);
#else
    return ESP_OK;
#endif
}
