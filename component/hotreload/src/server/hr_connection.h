/* SPDX-License-Identifier: MIT */
/* Connections of our own server: esp_http_server reads their headers, who wants their bodies takes
   them over with a task of his own.

   esp_http_server has one task, and limits each of its reads only: a client that sends a byte of its
   headers now and then would keep all others waiting for as long as it likes, so these have a time in
   all. And it calls the handler of a request with a body when the first byte of that has come (on_body
   of http_parser): a client that waits for an answer before it sends one would wait in vain, and all
   others with it. So where it asks for more than the headers it gets a few bytes that nobody sent in
   place of the body, which stays in the socket. No handler reads these.

   The server must not wait for the body of a slow sender either. A handler takes the connection over
   and returns hr_connection_result(); the server then drops its session, which ends in
   hr_connection_close(), its close_fn. From there on the socket is the task's alone.

   All but hr_connection_open() and hr_connection_shut() belong to the server's task. */
#pragma once

#include <stdbool.h>

#include "esp_http_server.h"
#include "server/hr_answer.h"
#include "server/hr_socket.h"

/* connections at a time */
#define HR_CONNECTION_MAX 3

/* Runs in the connection's task, which closes the socket afterwards. */
typedef void (*hr_connection_serve_t)(hr_socket_t *socket, void *context);

/* The server's open_fn. What is received of a session from then on are headers. */
esp_err_t hr_connection_accept(httpd_handle_t server, int fd);

/* The request is over: what comes next are the headers of another one, which get their own time. */
void hr_connection_end_headers(void);

/* Allows handovers of this server's connections, before it has endpoints. */
void hr_connection_open(httpd_handle_t server);

/* Whether its connections can leave it: it was opened, and is none of the application. */
bool hr_connection_owns(httpd_handle_t server);

/* Ends all connections and waits for their tasks, while the server still runs. */
void hr_connection_shut(void);

/* Creates the connection's task. ESP_ERR_INVALID_STATE after hr_connection_shut(),
   HOTRELOAD_ERR_CONNECTIONS when HR_CONNECTION_MAX were taken over and have not ended, ESP_ERR_NO_MEM
   when there is no memory for the task. */
esp_err_t hr_connection_take(httpd_req_t *request, uint32_t stack_size, hr_connection_serve_t serve,
                           void *context);

/* What a handler returns after hr_connection_take(), so that the server drops the connection. */
esp_err_t hr_connection_result(httpd_req_t *request);

/* Answers a client whose body is not wanted, and ends its connection without waiting for it. Returns
   what the handler has to return. */
esp_err_t hr_connection_dismiss(httpd_req_t *request, const hr_answer_t *answer);

/* The server's close_fn. */
void hr_connection_close(httpd_handle_t server, int fd);
