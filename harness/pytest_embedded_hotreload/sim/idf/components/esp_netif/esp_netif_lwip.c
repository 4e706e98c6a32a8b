// One interface inside of lwIP. The core's lock is taken by the callers.
// SPDX-License-Identifier: MIT
#include <string.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif_private.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/snmp.h"
#include "lwip/tcpip.h"
#include "lwip/timeouts.h"
#include "sdkconfig.h"

static const char *TAG = "esp_netif_lwip";

static void post(const esp_netif_t *netif, uint32_t id, bool ip_changed)
{
    // waiting here would stop the stack, and with it the handlers that the queue waits for
    const ip_event_got_ip_t event = {
        .esp_netif = (esp_netif_t *)netif, .ip_info = netif->ip_info, .ip_changed = ip_changed};
    esp_err_t err = esp_event_post(IP_EVENT, (int32_t)id, &event, sizeof(event), 0);

    if (err != ESP_OK) {
        ESP_LOGE(TAG, "event %u is lost: %s", (unsigned)id, esp_err_to_name(err));
    }
}

static void on_address_lost(void *argument)
{
    esp_netif_t *netif = argument;

    netif->is_lost_timed = false;
    if (netif->ip_info.ip.addr == 0) {
        memset(&netif->old_ip_info, 0, sizeof(netif->old_ip_info));
        post(netif, netif->base.lost_ip_event, false);
    }
}

static void time_lost_address(esp_netif_t *netif)
{
    if (CONFIG_ESP_NETIF_IP_LOST_TIMER_INTERVAL > 0 && !netif->is_lost_timed && netif->old_ip_info.ip.addr != 0) {
        netif->is_lost_timed = true;
        sys_timeout(CONFIG_ESP_NETIF_IP_LOST_TIMER_INTERVAL * 1000u, on_address_lost, netif);
    }
}

static void stop_lost_timer(esp_netif_t *netif)
{
    if (netif->is_lost_timed) {
        netif->is_lost_timed = false;
        sys_untimeout(on_address_lost, netif);
    }
}

// called by lwIP after every change of address and state
static void on_status(struct netif *lwip)
{
    esp_netif_t *netif = lwip->state;
    const esp_netif_ip_info_t now = {.ip = {.addr = netif_ip4_addr(lwip)->addr},
                                     .netmask = {.addr = netif_ip4_netmask(lwip)->addr},
                                     .gw = {.addr = netif_ip4_gw(lwip)->addr}};

    if (memcmp(&now, &netif->ip_info, sizeof(now)) == 0) {
        return;
    }
    netif->ip_info = now;
    if (now.ip.addr == 0) {
        time_lost_address(netif);
        return;
    }
    stop_lost_timer(netif);
    bool is_changed = memcmp(&now, &netif->old_ip_info, sizeof(now)) != 0;
    netif->old_ip_info = now;
    post(netif, netif->base.get_ip_event, is_changed);
}

// the driver wants the frame in one piece and without lwIP's padding
static err_t output_frame(struct netif *lwip, struct pbuf *packet)
{
    esp_netif_t *netif = lwip->state;
    uint16_t length = (uint16_t)(packet->tot_len - ETH_PAD_SIZE);
    uint8_t *frame = (uint8_t *)packet->payload + ETH_PAD_SIZE;

    if (length > FRAME_SIZE) {
        return ERR_BUF;
    }
    if (packet->next) {
        pbuf_copy_partial(packet, netif->frame, length, ETH_PAD_SIZE);
        frame = netif->frame;
    }
    if (netif->driver.transmit(netif->driver.handle, frame, length) != ESP_OK) {
        LINK_STATS_INC(link.drop);
        return ERR_IF;
    }
    LINK_STATS_INC(link.xmit);
    return ERR_OK;
}

static err_t init_interface(struct netif *lwip)
{
    esp_netif_t *netif = lwip->state;

    lwip->name[0] = 'e';
    lwip->name[1] = 'n';
    lwip->output = etharp_output;
    lwip->linkoutput = output_frame;
    lwip->mtu = 1500;
    lwip->hwaddr_len = sizeof(netif->mac);
    memcpy(lwip->hwaddr, netif->mac, sizeof(netif->mac));
    lwip->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif_set_hostname(lwip, netif->hostname);
    return ERR_OK;
}

esp_err_t netif_lwip_add(esp_netif_t *netif)
{
    if (netif->is_added) {
        return ESP_OK;
    }
    if (!netif->driver.transmit) {
        return ESP_ERR_ESP_NETIF_IF_NOT_READY;
    }
    if (!netif_add(&netif->lwip, NULL, NULL, NULL, netif, init_interface, tcpip_input)) {
        return ESP_ERR_ESP_NETIF_INIT_FAILED;
    }
    netif->is_added = true;
    netif_set_status_callback(&netif->lwip, on_status);
    netif_set_up(&netif->lwip);
    return ESP_OK;
}

void netif_lwip_remove(esp_netif_t *netif)
{
    if (!netif->is_added) {
        return;
    }
    netif_lwip_link_down(netif);
    stop_lost_timer(netif);
    dhcp_cleanup(&netif->lwip);
    netif_set_down(&netif->lwip);
    netif_remove(&netif->lwip);
    netif->is_added = false;
    memset(&netif->old_ip_info, 0, sizeof(netif->old_ip_info));
}

void netif_lwip_set_address(esp_netif_t *netif, const esp_netif_ip_info_t *ip_info)
{
    const ip4_addr_t ip = {.addr = ip_info->ip.addr};
    const ip4_addr_t netmask = {.addr = ip_info->netmask.addr};
    const ip4_addr_t gateway = {.addr = ip_info->gw.addr};

    netif_set_addr(&netif->lwip, &ip, &netmask, &gateway);
}

esp_err_t netif_lwip_start_dhcp(esp_netif_t *netif)
{
    return dhcp_start(&netif->lwip) == ERR_OK ? ESP_OK : ESP_ERR_ESP_NETIF_DHCPC_START_FAILED;
}

void netif_lwip_stop_dhcp(esp_netif_t *netif)
{
    dhcp_release_and_stop(&netif->lwip);
}

void netif_lwip_link_up(esp_netif_t *netif)
{
    netif_set_link_up(&netif->lwip);
    if (netif->dhcp == ESP_NETIF_DHCP_STARTED) {
        netif_lwip_start_dhcp(netif);
    } else {
        netif_lwip_set_address(netif, &netif->static_ip_info);
    }
}

void netif_lwip_link_down(esp_netif_t *netif)
{
    static const esp_netif_ip_info_t none;

    if (netif->dhcp == ESP_NETIF_DHCP_STARTED) {
        netif_lwip_stop_dhcp(netif);
    }
    netif_set_link_down(&netif->lwip);
    netif_lwip_set_address(netif, &none);
}
