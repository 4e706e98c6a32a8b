// SPDX-License-Identifier: MIT
#pragma once

#include "esp_netif.h"
#include "lwip/netif.h"

// the longest frame without its checksum
#define FRAME_SIZE 1514

struct esp_netif_obj {
    esp_netif_t *next;
    struct netif lwip;
    bool is_added;       // lwip is in the stack's list
    bool is_default;     // chosen by esp_netif_set_default_netif()
    bool is_lost_timed;  // the timer of the lost address runs
    esp_netif_inherent_config_t base;
    char *key;
    char *description;
    char *hostname;
    uint8_t mac[6];
    esp_netif_dhcp_status_t dhcp;
    esp_netif_ip_info_t ip_info;
    esp_netif_ip_info_t old_ip_info;    // the last address that was announced by an event
    esp_netif_ip_info_t static_ip_info; // used while DHCP is stopped
    esp_netif_iodriver_handle attached;
    esp_netif_driver_ifconfig_t driver;
    uint8_t *frame; // where a frame in pieces is put together for the driver
};

// those below are called with the core's lock taken
esp_err_t netif_lwip_add(esp_netif_t *netif);
void netif_lwip_remove(esp_netif_t *netif);
void netif_lwip_link_up(esp_netif_t *netif);
void netif_lwip_link_down(esp_netif_t *netif);
void netif_lwip_set_address(esp_netif_t *netif, const esp_netif_ip_info_t *ip_info);
esp_err_t netif_lwip_start_dhcp(esp_netif_t *netif);
void netif_lwip_stop_dhcp(esp_netif_t *netif);
