// SPDX-License-Identifier: MIT
#include <string.h>

#include "esp_eth.h"
#include "esp_event.h"
#include "esp_log.h"
#include "example_common_private.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "protocol_examples_common.h"

#if CONFIG_EXAMPLE_CONNECT_ETHERNET

static const char *TAG = "ethernet_connect";

static struct {
    esp_netif_t *netif;
    esp_eth_mac_t *mac;
    esp_eth_phy_t *phy;
    esp_eth_handle_t eth;
    esp_eth_netif_glue_handle_t glue;
    SemaphoreHandle_t has_address;
} connection;

static void on_got_ip(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    (void)base;
    (void)id;
    const ip_event_got_ip_t *event = data;

    if (event->esp_netif != connection.netif) {
        return;
    }
    ESP_LOGI(TAG, "Got IPv4 event: Interface \"%s\" address: " IPSTR, esp_netif_get_desc(event->esp_netif),
             IP2STR(&event->ip_info.ip));
    xSemaphoreGive(connection.has_address);
}

static esp_netif_t *new_netif(void)
{
    esp_netif_inherent_config_t base = ESP_NETIF_INHERENT_DEFAULT_ETH();
    base.if_desc = EXAMPLE_NETIF_DESC_ETH;
    base.route_prio = 64;
    const esp_netif_config_t config = {.base = &base, .stack = ESP_NETIF_NETSTACK_DEFAULT_ETH};

    return esp_netif_new(&config);
}

static esp_err_t install_driver(void)
{
    eth_mac_config_t mac_config = ETH_MAC_DEFAULT_CONFIG();
    mac_config.rx_task_stack_size = CONFIG_EXAMPLE_ETHERNET_EMAC_TASK_STACK_SIZE;
    eth_phy_config_t phy_config = ETH_PHY_DEFAULT_CONFIG();
    phy_config.phy_addr = CONFIG_EXAMPLE_ETH_PHY_ADDR;

    connection.mac = esp_eth_mac_new_openeth(&mac_config);
    connection.phy = esp_eth_phy_new_dp83848(&phy_config);
    if (!connection.mac || !connection.phy) {
        return ESP_ERR_NO_MEM;
    }
    const esp_eth_config_t config = ETH_DEFAULT_CONFIG(connection.mac, connection.phy);
    return esp_eth_driver_install(&config, &connection.eth);
}

static esp_err_t start(void)
{
    connection.netif = new_netif();
    connection.has_address = xSemaphoreCreateBinary();
    if (!connection.netif || !connection.has_address) {
        return ESP_ERR_NO_MEM;
    }
    esp_err_t err = install_driver();
    if (err != ESP_OK) {
        return err;
    }
    connection.glue = esp_eth_new_netif_glue(connection.eth);
    if (!connection.glue) {
        return ESP_ERR_NO_MEM;
    }
    err = esp_netif_attach(connection.netif, connection.glue);
    if (err == ESP_OK) {
        err = esp_event_handler_register(IP_EVENT, IP_EVENT_ETH_GOT_IP, on_got_ip, NULL);
    }
    return err == ESP_OK ? esp_eth_start(connection.eth) : err;
}

// undoes as much of start() as was done
void example_ethernet_shutdown(void)
{
    esp_event_handler_unregister(IP_EVENT, IP_EVENT_ETH_GOT_IP, on_got_ip);
    if (connection.eth) {
        esp_eth_stop(connection.eth);
    }
    if (connection.glue) {
        esp_eth_del_netif_glue(connection.glue);
    }
    if (connection.eth) {
        esp_eth_driver_uninstall(connection.eth);
    }
    if (connection.phy) {
        connection.phy->del(connection.phy);
    }
    if (connection.mac) {
        connection.mac->del(connection.mac);
    }
    if (connection.netif) {
        esp_netif_destroy(connection.netif);
    }
    if (connection.has_address) {
        vSemaphoreDelete(connection.has_address);
    }
    memset(&connection, 0, sizeof(connection));
}

esp_err_t example_ethernet_connect(void)
{
    if (connection.netif) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t err = start();
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "no connection: %s", esp_err_to_name(err));
        example_ethernet_shutdown();
        return err;
    }
    ESP_LOGI(TAG, "Waiting for IP(s).");
    xSemaphoreTake(connection.has_address, portMAX_DELAY);
    return ESP_OK;
}

esp_eth_handle_t get_example_eth_handle(void)
{
    return connection.eth;
}

#endif
