/* SPDX-License-Identifier: MIT */
#include "server/hr_port.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hotreload.h"
#include "lwip/inet.h"
#include "sdkconfig.h"

/* All addresses of the device, as esp_http_server listens. With IPv6 it does so for both; lwIP would
   give the same port to a listener of IPv4 alone. */
#if CONFIG_LWIP_IPV6
typedef struct sockaddr_in6 any_address_t;
#define ANY_ADDRESS(port_) {.sin6_family = AF_INET6, .sin6_port = htons(port_)}
#define FAMILY AF_INET6
#else
typedef struct sockaddr_in any_address_t;
#define ANY_ADDRESS(port_) {.sin_family = AF_INET, .sin_port = htons(port_)}
#define FAMILY AF_INET
#endif

/* Connections of a server that was stopped a moment ago do not count, as they do not for
   esp_http_server; then it is listen() that tells. Without CONFIG_LWIP_SO_REUSE they do. */
static bool bind_tcp(int fd, const any_address_t *address)
{
    const int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    return bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0
           && listen(fd, 1) == 0;
}

static bool bind_udp(int fd, struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    return bind(fd, (const struct sockaddr *)address, size) == 0
           && getsockname(fd, (struct sockaddr *)address, &size) == 0;
}

static esp_err_t reject_no_socket(hr_report_t *report)
{
    return hr_reject(report, ESP_ERR_NO_MEM,
                     "no socket is free for the server: raise CONFIG_LWIP_MAX_SOCKETS");
}

esp_err_t hr_port_check_tcp(uint16_t port, hr_report_t *report)
{
    const any_address_t address = ANY_ADDRESS(port);
    int fd = socket(FAMILY, SOCK_STREAM, 0);
    if (fd < 0) {
        return reject_no_socket(report);
    }
    bool is_free = bind_tcp(fd, &address);
    close(fd);
    return is_free ? ESP_OK
                   : hr_reject(report, HOTRELOAD_ERR_PORT,
                               "TCP port %u is in use: give `port` another value", port);
}

esp_err_t hr_port_find_udp(uint16_t *port, hr_report_t *report)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(*port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) {
        return reject_no_socket(report);
    }
    bool is_free = bind_udp(fd, &address);
    close(fd);
    if (!is_free) {
        return hr_reject(report, HOTRELOAD_ERR_PORT,
                         "UDP port %u is in use: give `ctrl_port` another value, or 0", *port);
    }
    *port = ntohs(address.sin_port);
    return ESP_OK;
}
