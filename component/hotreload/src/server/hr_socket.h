/* SPDX-License-Identifier: MIT */
/* A connection that has left esp_http_server: its reads end in time. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

/* how long hr_socket_close() waits for the client, in seconds */
#define HR_SOCKET_LINGER 2
#define HR_SOCKET_LINGER_TEXT "2"

typedef struct {
    int fd;
    const atomic_bool *cancelled; /* whoever waits gives up */
    uint32_t timeout_ms;          /* that the socket has now; 0: not set yet */
} hr_socket_t;

/* Receives what is there, at least one byte, until `deadline` (microseconds of esp_timer).
   ESP_ERR_TIMEOUT behind it, ESP_ERR_INVALID_STATE when cancelled, ESP_FAIL when the connection has
   ended. */
esp_err_t hr_socket_receive(hr_socket_t *socket, void *buffer, size_t size, int64_t deadline,
                            size_t *received);

/* The same for what stays there. */
esp_err_t hr_socket_peek(hr_socket_t *socket, void *buffer, size_t size, int64_t deadline,
                         size_t *seen);

/* Sends all of it, or fails with ESP_FAIL. */
esp_err_t hr_socket_send(hr_socket_t *socket, const char *data, size_t size);

/* RFC 9110 section 10.1.1: asks a client that waits before its body to send it. */
esp_err_t hr_socket_continue(hr_socket_t *socket);

/* Reads what has come, and does not wait: lwIP resets a connection that is closed with unread bytes,
   and drops what it has not sent of the answer. */
void hr_socket_drop_received(int fd);

/* Closes so that the client can read the answer: what it still sends is dropped for a while. */
void hr_socket_close(hr_socket_t *socket);
