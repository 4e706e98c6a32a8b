// SPDX-License-Identifier: MIT
#include "esp_eth_netif_glue.h"

#include <stdlib.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "eth_input.h"
#include "lwip_port.h"

struct esp_eth_netif_glue_t {
    esp_netif_driver_base_t base; // first: esp_netif knows the glue by it
    esp_eth_handle_t eth;
    esp_event_handler_instance_t handlers[4];
};

typedef void (*netif_action_t)(void *netif, esp_event_base_t base, int32_t id, void *data);

static const struct {
    eth_event_t event;
    netif_action_t action;
} actions[] = {
    {ETHERNET_EVENT_START, esp_netif_action_start},
    {ETHERNET_EVENT_STOP, esp_netif_action_stop},
    {ETHERNET_EVENT_CONNECTED, esp_netif_action_connected},
    {ETHERNET_EVENT_DISCONNECTED, esp_netif_action_disconnected},
};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static void input(void *context, uint8_t *frame, uint32_t length)
{
    esp_netif_receive(context, frame, length, NULL);
}

static void input_end(void *context)
{
    (void)context;
    lwip_port_acknowledge();
}

// an event of the driver of this glue, among all drivers
static void on_eth_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    esp_eth_netif_glue_handle_t glue = argument;

    if (*(esp_eth_handle_t *)data != glue->eth) {
        return;
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if ((int32_t)actions[i].event == id) {
            actions[i].action(glue->base.netif, base, id, data);
        }
    }
}

static void unregister_handlers(esp_eth_netif_glue_handle_t glue)
{
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (glue->handlers[i]) {
            esp_event_handler_instance_unregister(ETH_EVENT, actions[i].event, glue->handlers[i]);
            glue->handlers[i] = NULL;
        }
    }
}

static esp_err_t transmit(void *handle, void *frame, size_t length)
{
    return esp_eth_transmit(handle, frame, length);
}

static esp_err_t post_attach(esp_netif_t *netif, esp_netif_iodriver_handle handle)
{
    esp_eth_netif_glue_handle_t glue = handle;
    uint8_t address[ETH_ADDR_LEN];

    glue->base.netif = netif;
    const esp_netif_driver_ifconfig_t config = {.handle = glue->eth, .transmit = transmit};
    esp_err_t err = esp_netif_set_driver_config(netif, &config);
    if (err == ESP_OK) {
        err = esp_eth_ioctl(glue->eth, ETH_CMD_G_MAC_ADDR, address);
    }
    if (err == ESP_OK) {
        err = esp_netif_set_mac(netif, address);
    }
    for (size_t i = 0; i < ACTION_COUNT && err == ESP_OK; i++) {
        err = esp_event_handler_instance_register(ETH_EVENT, actions[i].event, on_eth_event, glue, &glue->handlers[i]);
    }
    if (err != ESP_OK) {
        unregister_handlers(glue);
        return err;
    }
    eth_set_input(glue->eth, input, input_end, netif);
    return ESP_OK;
}

esp_eth_netif_glue_handle_t esp_eth_new_netif_glue(esp_eth_handle_t handle)
{
    esp_eth_netif_glue_handle_t glue = handle ? calloc(1, sizeof(*glue)) : NULL;

    if (glue) {
        glue->eth = handle;
        glue->base.post_attach = post_attach;
    }
    return glue;
}

esp_err_t esp_eth_del_netif_glue(esp_eth_netif_glue_handle_t glue)
{
    if (!glue) {
        return ESP_ERR_INVALID_ARG;
    }
    eth_set_input(glue->eth, NULL, NULL, NULL);
    unregister_handlers(glue);
    free(glue);
    return ESP_OK;
}
