// SPDX-License-Identifier: MIT
#pragma once

#include "esp_http_server.h"

#define SERVER_PORT 8080
// the largest number that CONFIG_LWIP_MAX_SOCKETS allows
#define SERVER_SOCKETS 13
#define SERVER_TIMEOUT_S 1

// logs "server started"; purging: the least recently used connection makes room for a new one
void server_start(bool is_purging);
// in a task of its own, because a handler cannot stop its server
void server_restart_later(bool is_purging);
// in a handler of the default event loop, as applications do that lose their network
void server_restart_by_event(void);

// connections since the start of the firmware
unsigned server_opened(void);
unsigned server_closed(void);

// each file of handlers adds its URIs
void register_body_handlers(httpd_handle_t server);
void register_connection_handlers(httpd_handle_t server);
void register_request_handlers(httpd_handle_t server);
void register_board_handlers(httpd_handle_t server);

void register_handler(httpd_handle_t server, httpd_method_t method, const char *uri,
                      esp_err_t (*handler)(httpd_req_t *request));

// a number of the query, or what is given where it has none
unsigned query_number(httpd_req_t *request, const char *key, unsigned otherwise);
esp_err_t send_json(httpd_req_t *request, const char *format, ...) __attribute__((format(printf, 2, 3)));
