/* SPDX-License-Identifier: MIT */
#include "hr_headers.h"

#include "esp_timer.h"
#include "hr_socket.h"
#include "sdkconfig.h"

/* for the headers that are being received, microseconds of esp_timer; 0: none are */
static int64_t deadline;

/* In place of the session's recv(). The first call of a request does not wait: there is something. */
static int receive(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    (void)flags;
    static const atomic_bool never;
    hr_socket_t socket = {.fd = fd, .cancelled = &never};
    size_t received;
    if (deadline == 0) {
        deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    }
    switch (hr_socket_receive(&socket, buffer, size, deadline, &received)) {
    case ESP_OK:
        return received;
    case ESP_ERR_TIMEOUT:
        return HTTPD_SOCK_ERR_TIMEOUT;
    default:
        return HTTPD_SOCK_ERR_FAIL;
    }
}

esp_err_t hr_headers_open(httpd_handle_t server, int fd)
{
    return httpd_sess_set_recv_override(server, fd, receive);
}

void hr_headers_end(void)
{
    deadline = 0;
}
