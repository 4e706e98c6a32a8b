// SPDX-License-Identifier: MIT
#include "esp_netif.h"

#include <stdlib.h>
#include <string.h>

#include "esp_netif_private.h"
#include "lwip/dns.h"
#include "lwip_port.h"
#include "sdkconfig.h"

ESP_EVENT_DEFINE_BASE(IP_EVENT);

// in the order of creation; changed and walked with the core's lock taken
static esp_netif_t *interfaces;

// --- the stack and the list of interfaces

esp_err_t esp_netif_init(void)
{
    return lwip_port_start();
}

esp_err_t esp_netif_deinit(void)
{
    return ESP_ERR_NOT_SUPPORTED;
}

esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn function, void *context)
{
    bool taken = lwip_port_lock();
    esp_err_t err = function(context);
    lwip_port_unlock(taken);
    return err;
}

esp_netif_t *esp_netif_next_unsafe(esp_netif_t *netif)
{
    return netif ? netif->next : interfaces;
}

esp_netif_t *esp_netif_next(esp_netif_t *netif)
{
    bool taken = lwip_port_lock();
    esp_netif_t *next = esp_netif_next_unsafe(netif);
    lwip_port_unlock(taken);
    return next;
}

esp_netif_t *esp_netif_find_if(esp_netif_find_predicate_t predicate, void *context)
{
    bool taken = lwip_port_lock();
    esp_netif_t *netif = interfaces;
    while (netif && !predicate(netif, context)) {
        netif = netif->next;
    }
    lwip_port_unlock(taken);
    return netif;
}

static bool has_key(esp_netif_t *netif, void *key)
{
    return strcmp(netif->key, key) == 0;
}

esp_netif_t *esp_netif_get_handle_from_ifkey(const char *if_key)
{
    return if_key ? esp_netif_find_if(has_key, (void *)if_key) : NULL;
}

size_t esp_netif_get_nr_of_ifs(void)
{
    size_t count = 0;
    bool taken = lwip_port_lock();
    for (esp_netif_t *netif = interfaces; netif; netif = netif->next) {
        count++;
    }
    lwip_port_unlock(taken);
    return count;
}

// the stack sends through the chosen interface, or else through the one of the highest priority that is up
static void update_default(void)
{
    esp_netif_t *best = NULL;

    for (esp_netif_t *netif = interfaces; netif; netif = netif->next) {
        if (!netif->is_added || !netif_is_link_up(&netif->lwip)) {
            continue;
        }
        if (!best || netif->is_default || (!best->is_default && netif->base.route_prio > best->base.route_prio)) {
            best = netif;
        }
    }
    netif_set_default(best ? &best->lwip : NULL);
}

esp_err_t esp_netif_set_default_netif(esp_netif_t *chosen)
{
    bool taken = lwip_port_lock();
    for (esp_netif_t *netif = interfaces; netif; netif = netif->next) {
        netif->is_default = netif == chosen;
    }
    update_default();
    lwip_port_unlock(taken);
    return ESP_OK;
}

static bool is_stack_default(esp_netif_t *netif, void *context)
{
    (void)context;
    return &netif->lwip == netif_default;
}

esp_netif_t *esp_netif_get_default_netif(void)
{
    return esp_netif_find_if(is_stack_default, NULL);
}

// --- life of an interface

static void free_netif(esp_netif_t *netif)
{
    free(netif->key);
    free(netif->description);
    free(netif->hostname);
    free(netif->frame);
    free(netif);
}

esp_netif_t *esp_netif_new(const esp_netif_config_t *config)
{
    if (!config || !config->base || !config->stack || !config->base->if_key || !config->base->if_desc ||
        esp_netif_get_handle_from_ifkey(config->base->if_key)) {
        return NULL;
    }
    esp_netif_t *netif = calloc(1, sizeof(*netif));
    if (!netif) {
        return NULL;
    }
    netif->base = *config->base;
    netif->key = strdup(config->base->if_key);
    netif->description = strdup(config->base->if_desc);
    netif->hostname = strdup(CONFIG_LWIP_LOCAL_HOSTNAME);
    netif->frame = malloc(FRAME_SIZE);
    if (!netif->key || !netif->description || !netif->hostname || !netif->frame) {
        free_netif(netif);
        return NULL;
    }
    memcpy(netif->mac, config->base->mac, sizeof(netif->mac));
    netif->dhcp = config->base->flags & ESP_NETIF_DHCP_CLIENT ? ESP_NETIF_DHCP_STARTED : ESP_NETIF_DHCP_STOPPED;
    if (config->base->ip_info) {
        netif->static_ip_info = *config->base->ip_info;
    }
    if (config->driver) {
        netif->driver = *config->driver;
    }

    bool taken = lwip_port_lock();
    esp_netif_t **link = &interfaces;
    while (*link) {
        link = &(*link)->next;
    }
    *link = netif;
    lwip_port_unlock(taken);
    return netif;
}

void esp_netif_destroy(esp_netif_t *netif)
{
    if (!netif) {
        return;
    }
    bool taken = lwip_port_lock();
    netif_lwip_remove(netif);
    for (esp_netif_t **link = &interfaces; *link; link = &(*link)->next) {
        if (*link == netif) {
            *link = netif->next;
            break;
        }
    }
    update_default();
    lwip_port_unlock(taken);
    free_netif(netif);
}

esp_err_t esp_netif_attach(esp_netif_t *netif, esp_netif_iodriver_handle driver)
{
    if (!netif || !driver) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_netif_driver_base_t *glue = driver;
    netif->attached = driver;
    if (glue->post_attach && glue->post_attach(netif, driver) != ESP_OK) {
        return ESP_ERR_ESP_NETIF_DRIVER_ATTACH_FAILED;
    }
    return ESP_OK;
}

esp_err_t esp_netif_set_driver_config(esp_netif_t *netif, const esp_netif_driver_ifconfig_t *config)
{
    if (!netif || !config) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    netif->driver = *config;
    return ESP_OK;
}

esp_netif_iodriver_handle esp_netif_get_io_driver(esp_netif_t *netif)
{
    return netif ? netif->driver.handle : NULL;
}

esp_err_t esp_netif_receive(esp_netif_t *netif, void *buffer, size_t length, void *driver_buffer)
{
    struct pbuf *packet = NULL;

    if (netif->is_added && length <= FRAME_SIZE) {
        packet = pbuf_alloc(PBUF_RAW, (u16_t)(length + ETH_PAD_SIZE), PBUF_POOL);
    }
    if (packet) {
        pbuf_take_at(packet, buffer, (u16_t)length, ETH_PAD_SIZE);
        LINK_STATS_INC(link.recv);
        if (netif->lwip.input(packet, &netif->lwip) != ERR_OK) {
            pbuf_free(packet);
        }
    } else {
        LINK_STATS_INC(link.drop);
    }
    if (driver_buffer && netif->driver.driver_free_rx_buffer) {
        netif->driver.driver_free_rx_buffer(netif->driver.handle, driver_buffer);
    }
    return packet ? ESP_OK : ESP_ERR_NO_MEM;
}

// --- what a driver's events do

void esp_netif_action_start(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    bool taken = lwip_port_lock();
    netif_lwip_add(argument);
    lwip_port_unlock(taken);
}

void esp_netif_action_stop(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    bool taken = lwip_port_lock();
    netif_lwip_remove(argument);
    update_default();
    lwip_port_unlock(taken);
}

void esp_netif_action_connected(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    esp_netif_t *netif = argument;
    bool taken = lwip_port_lock();
    if (netif->is_added) {
        netif_lwip_link_up(netif);
        update_default();
    }
    lwip_port_unlock(taken);
}

void esp_netif_action_disconnected(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    esp_netif_t *netif = argument;
    bool taken = lwip_port_lock();
    if (netif->is_added) {
        netif_lwip_link_down(netif);
        update_default();
    }
    lwip_port_unlock(taken);
}

// --- properties

esp_err_t esp_netif_set_mac(esp_netif_t *netif, uint8_t mac[])
{
    if (!netif) {
        return ESP_ERR_ESP_NETIF_IF_NOT_READY;
    }
    bool taken = lwip_port_lock();
    memcpy(netif->mac, mac, sizeof(netif->mac));
    memcpy(netif->lwip.hwaddr, mac, sizeof(netif->mac));
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_err_t esp_netif_get_mac(esp_netif_t *netif, uint8_t mac[])
{
    if (!netif) {
        return ESP_ERR_ESP_NETIF_IF_NOT_READY;
    }
    memcpy(mac, netif->mac, sizeof(netif->mac));
    return ESP_OK;
}

// RFC 1035: a label has at most 63 characters; ESP-IDF takes 32
#define HOSTNAME_MAX 32

esp_err_t esp_netif_set_hostname(esp_netif_t *netif, const char *hostname)
{
    if (!netif || !hostname || strlen(hostname) > HOSTNAME_MAX) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    char *copy = strdup(hostname);
    if (!copy) {
        return ESP_ERR_ESP_NETIF_NO_MEM;
    }
    bool taken = lwip_port_lock();
    free(netif->hostname);
    netif->hostname = copy;
    netif_set_hostname(&netif->lwip, copy);
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_err_t esp_netif_get_hostname(esp_netif_t *netif, const char **hostname)
{
    if (!netif || !hostname) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    *hostname = netif->hostname;
    return ESP_OK;
}

bool esp_netif_is_netif_up(esp_netif_t *netif)
{
    return netif && netif->is_added && netif_is_up(&netif->lwip) && netif_is_link_up(&netif->lwip);
}

int esp_netif_get_netif_impl_index(esp_netif_t *netif)
{
    return netif && netif->is_added ? netif_get_index(&netif->lwip) : -1;
}

esp_err_t esp_netif_get_netif_impl_name(esp_netif_t *netif, char *name)
{
    if (!netif || !netif->is_added || !name) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    bool taken = lwip_port_lock();
    netif_index_to_name(netif_get_index(&netif->lwip), name);
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_netif_flags_t esp_netif_get_flags(esp_netif_t *netif)
{
    return netif->base.flags;
}

const char *esp_netif_get_ifkey(esp_netif_t *netif)
{
    return netif->key;
}

const char *esp_netif_get_desc(esp_netif_t *netif)
{
    return netif ? netif->description : NULL;
}

int esp_netif_get_route_prio(esp_netif_t *netif)
{
    return netif ? netif->base.route_prio : -1;
}

int32_t esp_netif_get_event_id(esp_netif_t *netif, esp_netif_ip_event_type_t event_type)
{
    if (!netif) {
        return -1;
    }
    return (int32_t)(event_type == ESP_NETIF_IP_EVENT_GOT_IP ? netif->base.get_ip_event : netif->base.lost_ip_event);
}

// --- addresses

esp_err_t esp_netif_get_ip_info(esp_netif_t *netif, esp_netif_ip_info_t *ip_info)
{
    if (!netif || !ip_info) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    bool taken = lwip_port_lock();
    *ip_info = netif->ip_info;
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_err_t esp_netif_get_old_ip_info(esp_netif_t *netif, esp_netif_ip_info_t *ip_info)
{
    if (!netif || !ip_info) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    bool taken = lwip_port_lock();
    *ip_info = netif->old_ip_info;
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_err_t esp_netif_set_ip_info(esp_netif_t *netif, const esp_netif_ip_info_t *ip_info)
{
    if (!netif || !ip_info) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    esp_err_t err = ESP_OK;
    bool taken = lwip_port_lock();
    if (netif->dhcp == ESP_NETIF_DHCP_STARTED) {
        err = ESP_ERR_ESP_NETIF_DHCP_NOT_STOPPED;
    } else {
        netif->static_ip_info = *ip_info;
        if (netif->is_added && netif_is_link_up(&netif->lwip)) {
            netif_lwip_set_address(netif, ip_info);
        }
    }
    lwip_port_unlock(taken);
    return err;
}

esp_err_t esp_netif_dhcpc_start(esp_netif_t *netif)
{
    if (!netif) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    esp_err_t err = ESP_OK;
    bool taken = lwip_port_lock();
    if (netif->dhcp == ESP_NETIF_DHCP_STARTED) {
        err = ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED;
    } else {
        netif->dhcp = ESP_NETIF_DHCP_STARTED;
        if (netif->is_added && netif_is_link_up(&netif->lwip)) {
            err = netif_lwip_start_dhcp(netif);
        }
    }
    lwip_port_unlock(taken);
    return err;
}

esp_err_t esp_netif_dhcpc_stop(esp_netif_t *netif)
{
    if (!netif) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    esp_err_t err = ESP_OK;
    bool taken = lwip_port_lock();
    if (netif->dhcp == ESP_NETIF_DHCP_STOPPED) {
        err = ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED;
    } else {
        netif->dhcp = ESP_NETIF_DHCP_STOPPED;
        if (netif->is_added) {
            netif_lwip_stop_dhcp(netif);
        }
    }
    lwip_port_unlock(taken);
    return err;
}

esp_err_t esp_netif_dhcpc_get_status(esp_netif_t *netif, esp_netif_dhcp_status_t *status)
{
    if (!netif || !status) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    *status = netif->dhcp;
    return ESP_OK;
}

esp_err_t esp_netif_set_dns_info(esp_netif_t *netif, esp_netif_dns_type_t type, esp_netif_dns_info_t *dns)
{
    if (!netif || !dns || type >= ESP_NETIF_DNS_MAX || dns->ip.type != ESP_IPADDR_TYPE_V4) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    const ip_addr_t server = {.addr = dns->ip.u_addr.ip4.addr};
    bool taken = lwip_port_lock();
    dns_setserver((u8_t)type, &server);
    lwip_port_unlock(taken);
    return ESP_OK;
}

esp_err_t esp_netif_get_dns_info(esp_netif_t *netif, esp_netif_dns_type_t type, esp_netif_dns_info_t *dns)
{
    if (!netif || !dns || type >= ESP_NETIF_DNS_MAX) {
        return ESP_ERR_ESP_NETIF_INVALID_PARAMS;
    }
    bool taken = lwip_port_lock();
    dns->ip.type = ESP_IPADDR_TYPE_V4;
    dns->ip.u_addr.ip4.addr = dns_getserver((u8_t)type)->addr;
    lwip_port_unlock(taken);
    return ESP_OK;
}
