// SPDX-License-Identifier: MIT
#pragma once

#include <sys/param.h>

#include "esp_http_server.h"
#include "freertos/semphr.h"
#include "http_parser.h"

// what is read from a socket at once while a request is parsed; what follows the headers waits here
#define BLOCK_SIZE 256
// holds the headers of the request, then those of the answer
#define SCRATCH_SIZE (MAX(HTTPD_MAX_REQ_HDR_LEN, HTTPD_MAX_URI_LEN) + 1)

typedef struct httpd_server httpd_server_t;

typedef struct {
    int fd; // -1: not in use
    httpd_server_t *server;
    uint64_t last_used; // in requests of the server
    void *ctx;
    httpd_free_ctx_fn_t free_ctx;
    bool ignore_ctx_changes;
    void *transport_ctx;
    httpd_free_ctx_fn_t free_transport_ctx;
    httpd_send_func_t send;
    httpd_recv_func_t recv;
    httpd_pending_func_t pending;
    size_t block_start;
    size_t block_end;
    char block[BLOCK_SIZE];
} session_t;

typedef struct {
    const char *field;
    const char *value;
} response_header_t;

typedef struct {
    session_t *session;
    struct http_parser_url url;
    size_t remaining;      // of the body
    unsigned header_count; // of the request: name, zero, value, zero in scratch
    char scratch[SCRATCH_SIZE];
    const char *status;
    const char *content_type;
    bool is_chunked; // the first chunk was sent
    response_header_t *response_headers;
    unsigned response_header_count;
} exchange_t;

struct httpd_server {
    httpd_config_t config;
    int listen_fd;
    int control_fd; // receives messages to the server's task
    int message_fd; // sends them
    TaskHandle_t task;
    SemaphoreHandle_t stopped;
    bool is_stopping;
    session_t *sessions;
    unsigned session_count;
    uint64_t request_count;
    httpd_uri_t **handlers; // NULL behind the last one
    httpd_err_handler_func_t error_handlers[HTTPD_ERR_CODE_MAX];
    httpd_req_t request;
    exchange_t exchange;
};

void httpd_post_event(esp_http_server_event_id_t id, const void *data, size_t size);

// --- httpd_control.c: messages to the server's task
esp_err_t httpd_control_open(httpd_server_t *server);
void httpd_control_close(httpd_server_t *server);
esp_err_t httpd_control_stop(httpd_server_t *server);
void httpd_control_receive(httpd_server_t *server);

// --- httpd_session.c
void httpd_sessions_init(httpd_server_t *server);
void httpd_sessions_close_all(httpd_server_t *server);
void httpd_sessions_close_invalid(httpd_server_t *server);
bool httpd_sessions_has_free(const httpd_server_t *server);
void httpd_sessions_close_least_used(httpd_server_t *server);
esp_err_t httpd_session_open(httpd_server_t *server, int fd);
void httpd_session_close(session_t *session);
session_t *httpd_session_find(httpd_server_t *server, int fd);
bool httpd_session_has_data(session_t *session);

// --- httpd_receive.c: takes one request from a session, up to the end of its headers, and calls its handler
esp_err_t httpd_exchange_run(session_t *session);

// --- httpd_request.c
exchange_t *httpd_exchange_of(httpd_req_t *request);
int httpd_body_receive(exchange_t *exchange, char *buffer, size_t size);

// --- httpd_response.c
esp_err_t httpd_send_all(session_t *session, const char *data, size_t length);

// --- httpd_error.c: answers a request that has no handler; says whether the connection stays
esp_err_t httpd_handle_error(httpd_req_t *request, httpd_err_code_t error);

// --- httpd_uri.c
esp_err_t httpd_call_handler(httpd_server_t *server);
void httpd_unregister_all(httpd_server_t *server);
