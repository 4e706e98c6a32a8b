/* SPDX-License-Identifier: MIT */
/* A server that has the component's endpoints, and a client that sends it one request after the
   other. What is answered is printed: its status, its headers, its body, and what the handler has
   returned. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"

/* The component's own, which hands over connections (their tasks run at once), or an application's.
   There is room for so many handlers. */
void http_open(const hotreload_server_config_t *config, bool is_own, size_t capacity, unsigned room);

void http_close(void);

/* How the bodies come from here on: in pieces of that many bytes, each after so many microseconds; and
   behind `end` bytes nothing more does: the client is silent for ever, or gone. */
typedef enum { HTTP_SILENT, HTTP_GONE, HTTP_STOPPED } http_end_t;
void http_set_pieces(size_t size);
void http_set_pause(int64_t microseconds);
void http_set_end(size_t end, http_end_t kind);

/* No connection can be taken over: that is what hr_connection_take() says. */
void http_fail_to_hand_over(esp_err_t err);

/* The head, an empty line, and the body. */
void http_request(const char *request, size_t size);

/* The server refuses a request before it has all of it. */
void http_refuse(int error);
