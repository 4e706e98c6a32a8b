/* SPDX-License-Identifier: MIT */
#include "server/hr_headers.h"

#include "esp_timer.h"
#include "server/hr_socket.h"
#include "sdkconfig.h"

/* A digit: as the start of the size of a chunk (RFC 9112 section 7.1) it changes nothing. */
#define STAND_IN '0'

/* for the headers that are being received, microseconds of esp_timer; 0: none are */
static int64_t deadline;

/* the headers end with an empty line; what is received behind it is the body */
static enum {
    BEFORE, /* empty lines in front of a request count for nothing (RFC 9112 section 2.2) */
    IN_LINE,
    AT_LINE_START, /* a carriage return or nothing behind a line feed */
    ENDED,
} position;
static size_t behind; /* bytes received behind the end */
static bool stands_in;

static void follow(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (position == ENDED) {
            behind++;
        } else if (data[i] == '\n' && position != BEFORE) {
            position = position == AT_LINE_START ? ENDED : AT_LINE_START;
        } else if (data[i] != '\n' && data[i] != '\r') {
            position = IN_LINE;
        }
    }
}

static int receive_more(int fd, char *buffer, size_t size)
{
    static const atomic_bool never;
    hr_socket_t socket = {.fd = fd, .cancelled = &never};
    size_t received;
    if (deadline == 0) {
        deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    }
    switch (hr_socket_receive(&socket, buffer, size, deadline, &received)) {
    case ESP_OK:
        follow(buffer, received);
        return received;
    case ESP_ERR_TIMEOUT:
        return HTTPD_SOCK_ERR_TIMEOUT;
    default:
        return HTTPD_SOCK_ERR_FAIL;
    }
}

/* In place of the session's recv(). The first call of a request does not wait: there is something. */
static int receive(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    (void)flags;
    if (position == ENDED && behind == 0 && !stands_in) {
        stands_in = true;
        *buffer = STAND_IN;
        return 1;
    }
    return receive_more(fd, buffer, size);
}

esp_err_t hr_headers_open(httpd_handle_t server, int fd)
{
    return httpd_sess_set_recv_override(server, fd, receive);
}

bool hr_headers_stand_in(void)
{
    return stands_in;
}

void hr_headers_end(void)
{
    deadline = 0;
    position = BEFORE;
    behind = 0;
    stands_in = false;
}
