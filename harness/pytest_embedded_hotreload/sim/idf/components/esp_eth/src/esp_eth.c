// The driver joins a MAC and a PHY, watches the link, and tells the event loop.
// SPDX-License-Identifier: MIT
#include "esp_eth_driver.h"

#include <stddef.h>
#include <stdlib.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "eth_input.h"

static const char *TAG = "esp_eth";

ESP_EVENT_DEFINE_BASE(ETH_EVENT);

typedef struct {
    esp_eth_mediator_t mediator;
    esp_eth_mac_t *mac;
    esp_eth_phy_t *phy;
    esp_timer_handle_t link_timer;
    uint32_t check_link_period_ms;
    eth_input_fn_t input;
    eth_input_end_fn_t input_end;
    void *input_context;
    bool is_started;
    eth_link_t link;
} driver_t;

static driver_t *of(esp_eth_mediator_t *mediator)
{
    return (driver_t *)((char *)mediator - offsetof(driver_t, mediator));
}

static esp_err_t phy_reg_read(esp_eth_mediator_t *mediator, uint32_t phy_address, uint32_t reg, uint32_t *value)
{
    esp_eth_mac_t *mac = of(mediator)->mac;
    return mac->read_phy_reg(mac, phy_address, reg, value);
}

static esp_err_t phy_reg_write(esp_eth_mediator_t *mediator, uint32_t phy_address, uint32_t reg, uint32_t value)
{
    esp_eth_mac_t *mac = of(mediator)->mac;
    return mac->write_phy_reg(mac, phy_address, reg, value);
}

static void frame_received(esp_eth_mediator_t *mediator, uint8_t *frame, uint32_t length)
{
    driver_t *driver = of(mediator);

    if (driver->input) {
        driver->input(driver->input_context, frame, length);
    }
}

static void burst_received(esp_eth_mediator_t *mediator)
{
    driver_t *driver = of(mediator);

    if (driver->input_end) {
        driver->input_end(driver->input_context);
    }
}

static void post(driver_t *driver, eth_event_t id)
{
    esp_eth_handle_t handle = driver;
    esp_err_t err = esp_event_post(ETH_EVENT, id, &handle, sizeof(handle), 0);

    if (err != ESP_OK) {
        ESP_LOGE(TAG, "event %d is lost: %s", id, esp_err_to_name(err));
    }
}

static void set_link(driver_t *driver, eth_link_t link)
{
    if (link == driver->link) {
        return;
    }
    driver->link = link;
    if (link == ETH_LINK_UP) {
        driver->mac->start(driver->mac);
        post(driver, ETHERNET_EVENT_CONNECTED);
    } else {
        driver->mac->stop(driver->mac);
        post(driver, ETHERNET_EVENT_DISCONNECTED);
    }
}

static void check_link(void *argument)
{
    driver_t *driver = argument;
    eth_link_t link = driver->link;

    if (driver->phy->read_link(driver->phy, &link) == ESP_OK) {
        set_link(driver, link);
    }
}

void eth_set_input(esp_eth_handle_t handle, eth_input_fn_t input, eth_input_end_fn_t input_end, void *context)
{
    driver_t *driver = handle;

    driver->input_context = context;
    driver->input = input;
    driver->input_end = input_end;
}

esp_err_t esp_eth_driver_install(const esp_eth_config_t *config, esp_eth_handle_t *out)
{
    if (!config || !config->mac || !config->phy || !out) {
        return ESP_ERR_INVALID_ARG;
    }
    driver_t *driver = calloc(1, sizeof(*driver));
    if (!driver) {
        return ESP_ERR_NO_MEM;
    }
    *driver = (driver_t){
        .mediator = {.phy_reg_read = phy_reg_read,
                     .phy_reg_write = phy_reg_write,
                     .frame_received = frame_received,
                     .burst_received = burst_received},
        .mac = config->mac,
        .phy = config->phy,
        .check_link_period_ms = config->check_link_period_ms,
        .link = ETH_LINK_DOWN,
    };
    driver->mac->set_mediator(driver->mac, &driver->mediator);
    driver->phy->set_mediator(driver->phy, &driver->mediator);

    const esp_timer_create_args_t timer = {.callback = check_link, .arg = driver, .name = "eth_link_timer"};
    esp_err_t err = esp_timer_create(&timer, &driver->link_timer);
    if (err == ESP_OK) {
        err = driver->mac->init(driver->mac);
    }
    if (err != ESP_OK) {
        esp_timer_delete(driver->link_timer);
        free(driver);
        return err;
    }
    *out = driver;
    return ESP_OK;
}

esp_err_t esp_eth_driver_uninstall(esp_eth_handle_t handle)
{
    driver_t *driver = handle;

    if (!driver) {
        return ESP_ERR_INVALID_ARG;
    }
    if (driver->is_started) {
        return ESP_ERR_INVALID_STATE;
    }
    driver->mac->deinit(driver->mac);
    esp_timer_delete(driver->link_timer);
    free(driver);
    return ESP_OK;
}

esp_err_t esp_eth_start(esp_eth_handle_t handle)
{
    driver_t *driver = handle;

    if (!driver) {
        return ESP_ERR_INVALID_ARG;
    }
    if (driver->is_started) {
        return ESP_ERR_INVALID_STATE;
    }
    driver->is_started = true;
    post(driver, ETHERNET_EVENT_START);
    check_link(driver);
    return esp_timer_start_periodic(driver->link_timer, (uint64_t)driver->check_link_period_ms * 1000);
}

esp_err_t esp_eth_stop(esp_eth_handle_t handle)
{
    driver_t *driver = handle;

    if (!driver) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!driver->is_started) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_timer_stop(driver->link_timer);
    driver->mac->stop(driver->mac);
    driver->link = ETH_LINK_DOWN;
    driver->is_started = false;
    post(driver, ETHERNET_EVENT_STOP);
    return ESP_OK;
}

esp_err_t esp_eth_transmit(esp_eth_handle_t handle, void *frame, size_t length)
{
    driver_t *driver = handle;

    if (!driver || !frame) {
        return ESP_ERR_INVALID_ARG;
    }
    if (driver->link != ETH_LINK_UP) {
        return ESP_ERR_INVALID_STATE;
    }
    return driver->mac->transmit(driver->mac, frame, (uint32_t)length);
}

esp_err_t esp_eth_ioctl(esp_eth_handle_t handle, esp_eth_io_cmd_t command, void *data)
{
    driver_t *driver = handle;

    if (!driver || !data) {
        return ESP_ERR_INVALID_ARG;
    }
    switch (command) {
    case ETH_CMD_G_MAC_ADDR:
        return driver->mac->get_addr(driver->mac, data);
    case ETH_CMD_S_MAC_ADDR:
        return driver->mac->set_addr(driver->mac, data);
    case ETH_CMD_G_PHY_ADDR:
        return driver->phy->get_addr(driver->phy, data);
    case ETH_CMD_S_PROMISCUOUS:
        return driver->mac->set_promiscuous(driver->mac, *(bool *)data);
    case ETH_CMD_G_SPEED:
        *(eth_speed_t *)data = ETH_SPEED_100M;
        return ESP_OK;
    case ETH_CMD_G_DUPLEX_MODE:
        *(eth_duplex_t *)data = ETH_DUPLEX_FULL;
        return ESP_OK;
    default:
        return ESP_ERR_NOT_SUPPORTED;
    }
}
