// Network interfaces: what connects a driver, the TCP/IP stack and the event loop.
// SPDX-License-Identifier: MIT
#pragma once

#include "esp_netif_defaults.h"
#include "esp_netif_ip_addr.h"
#include "esp_netif_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// starts the TCP/IP stack; it cannot be stopped again (esp_netif_deinit: ESP_ERR_NOT_SUPPORTED)
esp_err_t esp_netif_init(void);
esp_err_t esp_netif_deinit(void);

esp_netif_t *esp_netif_new(const esp_netif_config_t *config);
void esp_netif_destroy(esp_netif_t *netif);
esp_err_t esp_netif_attach(esp_netif_t *netif, esp_netif_iodriver_handle driver);
esp_err_t esp_netif_set_driver_config(esp_netif_t *netif, const esp_netif_driver_ifconfig_t *config);
esp_netif_iodriver_handle esp_netif_get_io_driver(esp_netif_t *netif);

// gives a received frame to the stack, which copies it
esp_err_t esp_netif_receive(esp_netif_t *netif, void *buffer, size_t length, void *driver_buffer);

// event handlers for a driver's events, with the interface as argument
void esp_netif_action_start(void *netif, esp_event_base_t base, int32_t id, void *data);
void esp_netif_action_stop(void *netif, esp_event_base_t base, int32_t id, void *data);
void esp_netif_action_connected(void *netif, esp_event_base_t base, int32_t id, void *data);
void esp_netif_action_disconnected(void *netif, esp_event_base_t base, int32_t id, void *data);

esp_err_t esp_netif_set_mac(esp_netif_t *netif, uint8_t mac[]);
esp_err_t esp_netif_get_mac(esp_netif_t *netif, uint8_t mac[]);
esp_err_t esp_netif_set_hostname(esp_netif_t *netif, const char *hostname);
esp_err_t esp_netif_get_hostname(esp_netif_t *netif, const char **hostname);
bool esp_netif_is_netif_up(esp_netif_t *netif);

esp_err_t esp_netif_get_ip_info(esp_netif_t *netif, esp_netif_ip_info_t *ip_info);
esp_err_t esp_netif_get_old_ip_info(esp_netif_t *netif, esp_netif_ip_info_t *ip_info);
esp_err_t esp_netif_set_ip_info(esp_netif_t *netif, const esp_netif_ip_info_t *ip_info);
esp_err_t esp_netif_dhcpc_start(esp_netif_t *netif);
esp_err_t esp_netif_dhcpc_stop(esp_netif_t *netif);
esp_err_t esp_netif_dhcpc_get_status(esp_netif_t *netif, esp_netif_dhcp_status_t *status);
esp_err_t esp_netif_set_dns_info(esp_netif_t *netif, esp_netif_dns_type_t type, esp_netif_dns_info_t *dns);
esp_err_t esp_netif_get_dns_info(esp_netif_t *netif, esp_netif_dns_type_t type, esp_netif_dns_info_t *dns);

esp_err_t esp_netif_set_default_netif(esp_netif_t *netif);
esp_netif_t *esp_netif_get_default_netif(void);
int esp_netif_get_netif_impl_index(esp_netif_t *netif);
esp_err_t esp_netif_get_netif_impl_name(esp_netif_t *netif, char *name);
esp_netif_flags_t esp_netif_get_flags(esp_netif_t *netif);
const char *esp_netif_get_ifkey(esp_netif_t *netif);
const char *esp_netif_get_desc(esp_netif_t *netif);
int esp_netif_get_route_prio(esp_netif_t *netif);
int32_t esp_netif_get_event_id(esp_netif_t *netif, esp_netif_ip_event_type_t event_type);

// the first interface for NULL, NULL behind the last one
esp_netif_t *esp_netif_next(esp_netif_t *netif);
esp_netif_t *esp_netif_next_unsafe(esp_netif_t *netif);
typedef bool (*esp_netif_find_predicate_t)(esp_netif_t *netif, void *context);
esp_netif_t *esp_netif_find_if(esp_netif_find_predicate_t predicate, void *context);
esp_netif_t *esp_netif_get_handle_from_ifkey(const char *if_key);
size_t esp_netif_get_nr_of_ifs(void);

// calls a function while nothing else can change interfaces and connections
typedef esp_err_t (*esp_netif_callback_fn)(void *context);
esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn function, void *context);

void esp_netif_set_ip4_addr(esp_ip4_addr_t *address, uint8_t a, uint8_t b, uint8_t c, uint8_t d);
char *esp_ip4addr_ntoa(const esp_ip4_addr_t *address, char *text, int size);
uint32_t esp_ip4addr_aton(const char *text);
esp_err_t esp_netif_str_to_ip4(const char *text, esp_ip4_addr_t *address);

#ifdef __cplusplus
}
#endif
