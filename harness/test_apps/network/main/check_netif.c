// SPDX-License-Identifier: MIT
#include <string.h>

#include "check.h"
#include "esp_netif.h"
#include "protocol_examples_common.h"

bool check_netif_properties(const check_t *check)
{
    const char *hostname = NULL;
    uint8_t mac[6];
    esp_netif_t *netif = get_example_netif();

    CHECK(netif);
    CHECK(esp_netif_is_netif_up(netif));
    CHECK_EQUAL(0, strcmp("example_netif_eth", esp_netif_get_desc(netif)));
    CHECK_EQUAL(0, strcmp("ETH_DEF", esp_netif_get_ifkey(netif)));
    CHECK(esp_netif_get_handle_from_ifkey("ETH_DEF") == netif);
    CHECK(esp_netif_get_handle_from_ifkey("WIFI_STA_DEF") == NULL);
    CHECK(esp_netif_get_default_netif() == netif);
    CHECK(esp_netif_next(NULL) == netif);
    CHECK(esp_netif_next(netif) == NULL);
    CHECK_EQUAL(1, esp_netif_get_nr_of_ifs());
    CHECK_EQUAL(64, esp_netif_get_route_prio(netif));
    CHECK_EQUAL(IP_EVENT_ETH_GOT_IP, esp_netif_get_event_id(netif, ESP_NETIF_IP_EVENT_GOT_IP));
    CHECK_EQUAL(ESP_OK, esp_netif_get_mac(netif, mac));
    CHECK_EQUAL(0x52, mac[0]);
    CHECK_EQUAL(ESP_OK, esp_netif_get_hostname(netif, &hostname));
    CHECK_EQUAL(0, strcmp("espressif", hostname));
    CHECK_EQUAL(ESP_OK, esp_netif_set_hostname(netif, "board"));
    CHECK_EQUAL(ESP_OK, esp_netif_get_hostname(netif, &hostname));
    CHECK_EQUAL(0, strcmp("board", hostname));
    CHECK_EQUAL(ESP_OK, esp_netif_set_hostname(netif, "espressif"));
    return true;
}

bool check_netif_addresses(const check_t *check)
{
    char text[IP4ADDR_STRLEN_MAX];
    esp_ip4_addr_t address;
    esp_netif_ip_info_t info;
    esp_netif_dns_info_t dns;
    esp_netif_dhcp_status_t status;
    esp_netif_t *netif = get_example_netif();

    // QEMU's user network
    CHECK_EQUAL(ESP_OK, esp_netif_get_ip_info(netif, &info));
    CHECK_EQUAL(ESP_IP4TOADDR(10, 0, 2, 15), info.ip.addr);
    CHECK_EQUAL(ESP_IP4TOADDR(10, 0, 2, 2), info.gw.addr);
    CHECK_EQUAL(ESP_IP4TOADDR(255, 255, 255, 0), info.netmask.addr);
    CHECK_EQUAL(ESP_OK, esp_netif_get_dns_info(netif, ESP_NETIF_DNS_MAIN, &dns));
    CHECK_EQUAL(ESP_IP4TOADDR(10, 0, 2, 3), dns.ip.u_addr.ip4.addr);

    CHECK_EQUAL(ESP_OK, esp_netif_dhcpc_get_status(netif, &status));
    CHECK_EQUAL(ESP_NETIF_DHCP_STARTED, status);
    CHECK_EQUAL(ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED, esp_netif_dhcpc_start(netif));
    CHECK_EQUAL(ESP_ERR_ESP_NETIF_DHCP_NOT_STOPPED, esp_netif_set_ip_info(netif, &info));

    CHECK_EQUAL(ESP_OK, esp_netif_str_to_ip4("192.168.1.100", &address));
    CHECK_EQUAL(ESP_IP4TOADDR(192, 168, 1, 100), address.addr);
    CHECK_EQUAL(0, strcmp("192.168.1.100", esp_ip4addr_ntoa(&address, text, sizeof(text))));
    CHECK_EQUAL(address.addr, esp_ip4addr_aton("192.168.1.100"));
    CHECK_EQUAL(ESP_FAIL, esp_netif_str_to_ip4("192.168.1.", &address));
    return true;
}
