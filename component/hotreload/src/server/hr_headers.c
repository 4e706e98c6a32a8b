/* SPDX-License-Identifier: MIT */
#include "server/hr_headers.h"

#include <stdbool.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>

#include "esp_timer.h"
#include "server/hr_socket.h"
#include "sdkconfig.h"

/* In place of a body: the first bytes of one that has a length, and all of one in chunks, which is
   over with it (RFC 9112 section 7.1). */
static const char stand_in[] = "0\r\n\r\n";
static size_t stood_in; /* bytes of it that were given */

/* for the headers that are being received, microseconds of esp_timer; 0: none are */
static int64_t deadline;

/* the headers end with an empty line */
static enum {
    BEFORE, /* empty lines in front of a request count for nothing (RFC 9112 section 2.2) */
    IN_LINE,
    AT_LINE_START, /* a carriage return or nothing behind a line feed */
    ENDED,
} position;

/* How many of these bytes are headers. */
static size_t follow(const char *data, size_t size)
{
    size_t i = 0;
    for (; i < size && position != ENDED; i++) {
        if (data[i] == '\n' && position != BEFORE) {
            position = position == AT_LINE_START ? ENDED : AT_LINE_START;
        } else if (data[i] != '\n' && data[i] != '\r') {
            position = IN_LINE;
        }
    }
    return i;
}

/* What lies behind the headers stays in the socket: a body is read by who wants it, and the next
   request is read in its turn. */
static int receive_headers(int fd, char *buffer, size_t size)
{
    static const atomic_bool never;
    hr_socket_t socket = {.fd = fd, .cancelled = &never};
    size_t seen;
    if (deadline == 0) {
        deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    }
    switch (hr_socket_peek(&socket, buffer, size, deadline, &seen)) {
    case ESP_OK:
        return recv(fd, buffer, follow(buffer, seen), 0);
    case ESP_ERR_TIMEOUT:
        return HTTPD_SOCK_ERR_TIMEOUT;
    default:
        return HTTPD_SOCK_ERR_FAIL;
    }
}

static int give_stand_in(char *buffer, size_t size)
{
    size_t given = MIN(size, sizeof(stand_in) - 1 - stood_in);
    memcpy(buffer, stand_in + stood_in, given);
    stood_in += given;
    return given > 0 ? (int)given : HTTPD_SOCK_ERR_TIMEOUT;
}

/* In place of the session's recv(). */
static int receive(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    (void)flags;
    return position == ENDED ? give_stand_in(buffer, size) : receive_headers(fd, buffer, size);
}

esp_err_t hr_headers_open(httpd_handle_t server, int fd)
{
    return httpd_sess_set_recv_override(server, fd, receive);
}

void hr_headers_end(void)
{
    deadline = 0;
    position = BEFORE;
    stood_in = 0;
}
