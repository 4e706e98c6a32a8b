// The board below the server: figures, and what a network can do to it.
// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "esp_eth.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lwip/sockets.h"
#include "lwip/stats.h"
#include "lwip_port.h"
#include "protocol_examples_common.h"
#include "server.h"

static const char *TAG = "network";

// what the network's tasks have never used of their stacks
static esp_err_t on_stacks(httpd_req_t *request)
{
    static const char *const names[] = {"tiT", "emac_rx", "sys_evt", "httpd"};
    unsigned left[sizeof(names) / sizeof(names[0])];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        TaskHandle_t task = xTaskGetHandle(names[i]);
        left[i] = task ? (unsigned)uxTaskGetStackHighWaterMark(task) : 0;
    }
    return send_json(request, "{\"%s\":%u,\"%s\":%u,\"%s\":%u,\"%s\":%u}", names[0], left[0], names[1], left[1],
                     names[2], left[2], names[3], left[3]);
}

static esp_err_t on_status(httpd_req_t *request)
{
    const eth_openeth_counters_t ethernet = esp_eth_mac_openeth_counters();
    int clients[SERVER_SOCKETS];
    size_t client_count = SERVER_SOCKETS;

    if (query_number(request, "idle", 0)) {
        // the idle task frees tasks that have ended, and needs time for it
        vTaskDelay(3);
    }
    httpd_get_client_list(request->handle, &client_count, clients);
    return send_json(request,
                     "{\"heap\":%u,\"pbufs\":%u,\"pbuf_errors\":%u,\"segments\":%u,\"memory\":%u,\"received\":%u,"
                     "\"ring_full\":%u,\"link_drop\":%u,\"opened\":%u,\"closed\":%u,\"clients\":%u}",
                     (unsigned)heap_caps_get_free_size(MALLOC_CAP_DEFAULT), (unsigned)MEMP_STATS_GET(used, MEMP_PBUF_POOL),
                     (unsigned)MEMP_STATS_GET(err, MEMP_PBUF_POOL), (unsigned)MEMP_STATS_GET(used, MEMP_TCP_SEG),
                     (unsigned)lwip_stats.mem.used, (unsigned)ethernet.received, (unsigned)ethernet.ring_full,
                     (unsigned)lwip_stats.link.drop, server_opened(), server_closed(), (unsigned)client_count);
}

// --- keeps the TCP/IP stack locked for a while: the receive task stands still, and the ring fills

static void hold_stack(void *argument)
{
    unsigned ms = (unsigned)(uintptr_t)argument;

    bool taken = lwip_port_lock();
    ESP_LOGI(TAG, "stack held");
    vTaskDelay(pdMS_TO_TICKS(ms));
    lwip_port_unlock(taken);
    ESP_LOGI(TAG, "stack released");
    vTaskDelete(NULL);
}

static esp_err_t on_hold(httpd_req_t *request)
{
    esp_err_t err = httpd_resp_sendstr(request, "holding");
    uintptr_t ms = query_number(request, "ms", 100);
    xTaskCreate(hold_stack, "hold", 4096, (void *)ms, tskIDLE_PRIORITY + 2, NULL);
    return err;
}

// --- calls out to a UDP port of the host, which answers with a flood

static void be_flooded(void *argument)
{
    const struct sockaddr_in host = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)(uintptr_t)argument),
                                     .sin_addr.s_addr = ESP_IP4TOADDR(10, 0, 2, 2)};
    const struct timeval silence = {.tv_usec = 300 * 1000};
    char datagram[1500];
    unsigned count = 0;

    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    sendto(fd, "ready", 5, 0, (const struct sockaddr *)&host, sizeof(host));
    while (recv(fd, datagram, sizeof(datagram), 0) > 0) {
        count++;
    }
    close(fd);
    ESP_LOGI(TAG, "flood over, %u datagrams", count);
    vTaskDelete(NULL);
}

static esp_err_t on_flood(httpd_req_t *request)
{
    esp_err_t err = httpd_resp_sendstr(request, "calling");
    uintptr_t port = query_number(request, "port", 0);
    xTaskCreate(be_flooded, "flood", 6144, (void *)port, tskIDLE_PRIORITY + 1, NULL);
    return err;
}

// --- takes the network down and up again

static void reconnect(void *argument)
{
    (void)argument;
    ESP_ERROR_CHECK(example_disconnect());
    ESP_LOGI(TAG, "disconnected");
    ESP_ERROR_CHECK(example_connect());
    ESP_LOGI(TAG, "connected again");
    vTaskDelete(NULL);
}

static esp_err_t on_reconnect(httpd_req_t *request)
{
    esp_err_t err = httpd_resp_sendstr(request, "reconnecting");
    xTaskCreate(reconnect, "reconnect", 4096, NULL, tskIDLE_PRIORITY + 1, NULL);
    return err;
}

static esp_err_t on_check(httpd_req_t *request)
{
    char query[64] = "";
    char name[32] = "";
    char report[512];

    httpd_req_get_url_query_str(request, query, sizeof(query));
    httpd_query_key_value(query, "name", name, sizeof(name));
    if (!check_run(name, report, sizeof(report))) {
        httpd_resp_set_status(request, HTTPD_500);
    }
    return httpd_resp_sendstr(request, report);
}

void register_board_handlers(httpd_handle_t server)
{
    register_handler(server, HTTP_GET, "/status", on_status);
    register_handler(server, HTTP_GET, "/stacks", on_stacks);
    register_handler(server, HTTP_POST, "/hold", on_hold);
    register_handler(server, HTTP_POST, "/flood", on_flood);
    register_handler(server, HTTP_POST, "/reconnect", on_reconnect);
    register_handler(server, HTTP_POST, "/check", on_check);
}
