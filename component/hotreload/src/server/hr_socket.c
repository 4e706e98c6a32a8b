/* SPDX-License-Identifier: MIT */
#include "server/hr_socket.h"

#include <errno.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"

/* how long a wait takes to notice that it was cancelled */
#define SLICE_MS 50

/* a client that was refused gets HR_SOCKET_LINGER, and may send this much more, to read why */
#define LINGER_BYTES (1024 * 1024)

/* more than a window of lwIP; who sends on is not waited for */
#define DROP_BYTES (8 * 1024)

static esp_err_t set_timeout(hr_socket_t *socket, uint32_t milliseconds)
{
    if (milliseconds == socket->timeout_ms) {
        return ESP_OK;
    }
    const struct timeval timeout = {
        .tv_sec = milliseconds / 1000,
        .tv_usec = milliseconds % 1000 * 1000,
    };
    socket->timeout_ms = milliseconds;
    int result = setsockopt(socket->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return result == 0 ? ESP_OK : ESP_FAIL;
}

/* recv() with these flags, which waits until the deadline. */
static esp_err_t receive(hr_socket_t *socket, void *buffer, size_t size, int flags,
                         int64_t deadline, size_t *received)
{
    for (;;) {
        int64_t left_ms = (deadline - esp_timer_get_time() + 999) / 1000;
        if (atomic_load(socket->cancelled)) {
            return ESP_ERR_INVALID_STATE;
        }
        if (left_ms <= 0) {
            return ESP_ERR_TIMEOUT;
        }
        if (set_timeout(socket, MIN(left_ms, SLICE_MS)) != ESP_OK) {
            return ESP_FAIL;
        }
        ssize_t result = recv(socket->fd, buffer, size, flags);
        if (result > 0) {
            *received = result;
            return ESP_OK;
        }
        if (result == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            return ESP_FAIL;
        }
    }
}

esp_err_t hr_socket_receive(hr_socket_t *socket, void *buffer, size_t size, int64_t deadline,
                            size_t *received)
{
    return receive(socket, buffer, size, 0, deadline, received);
}

esp_err_t hr_socket_peek(hr_socket_t *socket, void *buffer, size_t size, int64_t deadline,
                         size_t *seen)
{
    return receive(socket, buffer, size, MSG_PEEK, deadline, seen);
}

/* esp_http_server has set how long a send may take */
esp_err_t hr_socket_send(hr_socket_t *socket, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(socket->fd, data, size, 0);
        if (sent <= 0) {
            return ESP_FAIL;
        }
        data += sent;
        size -= sent;
    }
    return ESP_OK;
}

esp_err_t hr_socket_continue(hr_socket_t *socket)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    return hr_socket_send(socket, interim, sizeof(interim) - 1);
}

void hr_socket_drop_received(int fd)
{
    char dropped[128];
    ssize_t size;
    size_t total = 0;
    do {
        size = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
        total += size > 0 ? size : 0;
    } while (size > 0 && total < DROP_BYTES);
}

/* Closing with unread bytes would reset the connection, and with it what the client has not read of
   the answer (RFC 9112 section 9.6). The client ends the connection: it knows from the Content-Length
   where the answer ends. A shutdown() for sending would tell it as well, but then its own end puts the
   connection into TIME-WAIT while the socket is still open, and lwIP frees a connection in that state
   when memory is short, without telling the socket, whose close() frees it again. */
void hr_socket_close(hr_socket_t *socket)
{
    char dropped[128];
    size_t size;
    int64_t deadline = esp_timer_get_time() + HR_SOCKET_LINGER * INT64_C(1000000);
    for (size_t total = 0; total < LINGER_BYTES; total += size) {
        if (hr_socket_receive(socket, dropped, sizeof(dropped), deadline, &size) != ESP_OK) {
            break;
        }
    }
    hr_socket_drop_received(socket->fd); /* when it was cancelled before */
    close(socket->fd);
}
