// An HTTP/1.1 server with one task: requests are handled one after the other, connections are kept.
// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "esp_err.h"
#include "esp_event.h"
#include "esp_event_base.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "http_parser.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_HTTPD_DEF_CTRL_PORT (32768)

#define ESP_ERR_HTTPD_BASE (0xb000)
#define ESP_ERR_HTTPD_HANDLERS_FULL (ESP_ERR_HTTPD_BASE + 1)
#define ESP_ERR_HTTPD_HANDLER_EXISTS (ESP_ERR_HTTPD_BASE + 2)
#define ESP_ERR_HTTPD_INVALID_REQ (ESP_ERR_HTTPD_BASE + 3)
#define ESP_ERR_HTTPD_RESULT_TRUNC (ESP_ERR_HTTPD_BASE + 4)
#define ESP_ERR_HTTPD_RESP_HDR (ESP_ERR_HTTPD_BASE + 5)
#define ESP_ERR_HTTPD_RESP_SEND (ESP_ERR_HTTPD_BASE + 6)
#define ESP_ERR_HTTPD_ALLOC_MEM (ESP_ERR_HTTPD_BASE + 7)
#define ESP_ERR_HTTPD_TASK (ESP_ERR_HTTPD_BASE + 8)

#define HTTPD_RESP_USE_STRLEN -1

#define HTTPD_SOCK_ERR_FAIL -1
#define HTTPD_SOCK_ERR_INVALID -2
#define HTTPD_SOCK_ERR_TIMEOUT -3

#define HTTPD_MAX_REQ_HDR_LEN CONFIG_HTTPD_MAX_REQ_HDR_LEN
#define HTTPD_MAX_URI_LEN CONFIG_HTTPD_MAX_URI_LEN

// --- events, with the socket (int) as data unless noted

ESP_EVENT_DECLARE_BASE(ESP_HTTP_SERVER_EVENT);

typedef enum {
    HTTP_SERVER_EVENT_ERROR, // httpd_err_code_t
    HTTP_SERVER_EVENT_START, // no data
    HTTP_SERVER_EVENT_ON_CONNECTED,
    HTTP_SERVER_EVENT_ON_HEADER,
    HTTP_SERVER_EVENT_HEADERS_SENT,
    HTTP_SERVER_EVENT_ON_DATA,   // esp_http_server_event_data
    HTTP_SERVER_EVENT_SENT_DATA, // esp_http_server_event_data
    HTTP_SERVER_EVENT_DISCONNECTED,
    HTTP_SERVER_EVENT_STOP, // no data
} esp_http_server_event_id_t;

typedef struct {
    int fd;
    int data_len;
} esp_http_server_event_data;

// --- server

typedef void *httpd_handle_t;
typedef enum http_method httpd_method_t;

typedef void (*httpd_free_ctx_fn_t)(void *ctx);
typedef esp_err_t (*httpd_open_func_t)(httpd_handle_t server, int sockfd);
// has to close the socket
typedef void (*httpd_close_func_t)(httpd_handle_t server, int sockfd);
typedef bool (*httpd_uri_match_func_t)(const char *reference_uri, const char *uri_to_match, size_t match_upto);

typedef struct httpd_config {
    unsigned task_priority;
    size_t stack_size;
    BaseType_t core_id;
    uint16_t server_port;
    uint16_t ctrl_port;        // UDP, of the loopback interface: every running server needs its own
    uint16_t max_open_sockets; // the server uses three more
    uint16_t max_uri_handlers;
    uint16_t max_resp_headers;
    uint16_t backlog_conn;
    bool lru_purge_enable;      // close the least recently used connection for a new one
    uint16_t recv_wait_timeout; // seconds
    uint16_t send_wait_timeout; // seconds
    void *global_user_ctx;
    httpd_free_ctx_fn_t global_user_ctx_free_fn;
    void *global_transport_ctx;
    httpd_free_ctx_fn_t global_transport_ctx_free_fn;
    bool enable_so_linger;
    int linger_timeout; // seconds
    bool keep_alive_enable;
    int keep_alive_idle;     // seconds
    int keep_alive_interval; // seconds
    int keep_alive_count;
    httpd_open_func_t open_fn;
    httpd_close_func_t close_fn;
    httpd_uri_match_func_t uri_match_fn; // NULL: equal strings
} httpd_config_t;

#define HTTPD_DEFAULT_CONFIG()                    \
    {                                             \
        .task_priority = tskIDLE_PRIORITY + 5,    \
        .stack_size = 4096,                       \
        .core_id = tskNO_AFFINITY,                \
        .server_port = 80,                        \
        .ctrl_port = ESP_HTTPD_DEF_CTRL_PORT,     \
        .max_open_sockets = 7,                    \
        .max_uri_handlers = 8,                    \
        .max_resp_headers = 8,                    \
        .backlog_conn = 5,                        \
        .lru_purge_enable = false,                \
        .recv_wait_timeout = 5,                   \
        .send_wait_timeout = 5,                   \
        .global_user_ctx = NULL,                  \
        .global_user_ctx_free_fn = NULL,          \
        .global_transport_ctx = NULL,             \
        .global_transport_ctx_free_fn = NULL,     \
        .enable_so_linger = false,                \
        .linger_timeout = 0,                      \
        .keep_alive_enable = false,               \
        .keep_alive_idle = 0,                     \
        .keep_alive_interval = 0,                 \
        .keep_alive_count = 0,                    \
        .open_fn = NULL,                          \
        .close_fn = NULL,                         \
        .uri_match_fn = NULL,                     \
    }

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config);
// closes all connections; not from the server's own task
esp_err_t httpd_stop(httpd_handle_t handle);

// --- handlers

typedef struct httpd_req {
    httpd_handle_t handle;
    int method;
    const char uri[HTTPD_MAX_URI_LEN + 1];
    size_t content_len;
    void *aux;
    void *user_ctx; // that of the handler
    void *sess_ctx; // that of the connection: freed when it closes, or when the handler replaces it
    httpd_free_ctx_fn_t free_ctx;
    bool ignore_sess_ctx_changes; // the handler frees a replaced context itself
} httpd_req_t;

typedef struct httpd_uri {
    const char *uri;
    httpd_method_t method;
    esp_err_t (*handler)(httpd_req_t *request); // anything but ESP_OK closes the connection
    void *user_ctx;
} httpd_uri_t;

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler);
esp_err_t httpd_unregister_uri_handler(httpd_handle_t handle, const char *uri, httpd_method_t method);
esp_err_t httpd_unregister_uri(httpd_handle_t handle, const char *uri);

// "/a/*" any end, "/a/?" with or without the character in front of the question mark, "/a/?*" both
bool httpd_uri_match_wildcard(const char *uri_template, const char *uri_to_match, size_t match_upto);

// --- errors

typedef enum {
    HTTPD_500_INTERNAL_SERVER_ERROR = 0,
    HTTPD_501_METHOD_NOT_IMPLEMENTED,
    HTTPD_505_VERSION_NOT_SUPPORTED,
    HTTPD_400_BAD_REQUEST,
    HTTPD_401_UNAUTHORIZED,
    HTTPD_403_FORBIDDEN,
    HTTPD_404_NOT_FOUND,
    HTTPD_405_METHOD_NOT_ALLOWED,
    HTTPD_408_REQ_TIMEOUT,
    HTTPD_411_LENGTH_REQUIRED,
    HTTPD_414_URI_TOO_LONG,
    HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE,
    HTTPD_ERR_CODE_MAX
} httpd_err_code_t;

// answers in place of the server; ESP_OK keeps the connection (never for 500)
typedef esp_err_t (*httpd_err_handler_func_t)(httpd_req_t *request, httpd_err_code_t error);
esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error, httpd_err_handler_func_t handler);

// --- in a handler: the request

int httpd_req_to_sockfd(httpd_req_t *request);
// the next part of the body; 0 at its end or when the client has gone, or HTTPD_SOCK_ERR_...
int httpd_req_recv(httpd_req_t *request, char *buffer, size_t size);
size_t httpd_req_get_hdr_value_len(httpd_req_t *request, const char *field);
esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *request, const char *field, char *value, size_t size);
size_t httpd_req_get_url_query_len(httpd_req_t *request);
esp_err_t httpd_req_get_url_query_str(httpd_req_t *request, char *buffer, size_t size);
esp_err_t httpd_query_key_value(const char *query, const char *key, char *value, size_t size);
// size: in, of the buffer; out, with the terminating zero
esp_err_t httpd_req_get_cookie_val(httpd_req_t *request, const char *cookie_name, char *value, size_t *size);

// --- in a handler: the answer. Strings given to set_ functions have to live until it is sent.

#define HTTPD_200 "200 OK"
#define HTTPD_204 "204 No Content"
#define HTTPD_207 "207 Multi-Status"
#define HTTPD_400 "400 Bad Request"
#define HTTPD_404 "404 Not Found"
#define HTTPD_408 "408 Request Timeout"
#define HTTPD_500 "500 Internal Server Error"

#define HTTPD_TYPE_JSON "application/json"
#define HTTPD_TYPE_TEXT "text/html"
#define HTTPD_TYPE_OCTET "application/octet-stream"

esp_err_t httpd_resp_set_status(httpd_req_t *request, const char *status);
esp_err_t httpd_resp_set_type(httpd_req_t *request, const char *type);
esp_err_t httpd_resp_set_hdr(httpd_req_t *request, const char *field, const char *value);
// ends the use of the request's headers
esp_err_t httpd_resp_send(httpd_req_t *request, const char *data, ssize_t length);
// an empty chunk ends the answer
esp_err_t httpd_resp_send_chunk(httpd_req_t *request, const char *data, ssize_t length);
esp_err_t httpd_resp_send_err(httpd_req_t *request, httpd_err_code_t error, const char *message);
// bytes as they are, for answers made by hand
int httpd_send(httpd_req_t *request, const char *data, size_t length);

static inline esp_err_t httpd_resp_sendstr(httpd_req_t *request, const char *text)
{
    return httpd_resp_send(request, text, text ? HTTPD_RESP_USE_STRLEN : 0);
}

static inline esp_err_t httpd_resp_sendstr_chunk(httpd_req_t *request, const char *text)
{
    return httpd_resp_send_chunk(request, text, text ? HTTPD_RESP_USE_STRLEN : 0);
}

static inline esp_err_t httpd_resp_send_404(httpd_req_t *request)
{
    return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, NULL);
}

static inline esp_err_t httpd_resp_send_408(httpd_req_t *request)
{
    return httpd_resp_send_err(request, HTTPD_408_REQ_TIMEOUT, NULL);
}

static inline esp_err_t httpd_resp_send_500(httpd_req_t *request)
{
    return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, NULL);
}

// --- connections

typedef int (*httpd_send_func_t)(httpd_handle_t server, int sockfd, const char *data, size_t length, int flags);
typedef int (*httpd_recv_func_t)(httpd_handle_t server, int sockfd, char *buffer, size_t size, int flags);
typedef int (*httpd_pending_func_t)(httpd_handle_t server, int sockfd);

esp_err_t httpd_sess_set_send_override(httpd_handle_t server, int sockfd, httpd_send_func_t send);
esp_err_t httpd_sess_set_recv_override(httpd_handle_t server, int sockfd, httpd_recv_func_t recv);
esp_err_t httpd_sess_set_pending_override(httpd_handle_t server, int sockfd, httpd_pending_func_t pending);
int httpd_socket_send(httpd_handle_t server, int sockfd, const char *data, size_t length, int flags);
int httpd_socket_recv(httpd_handle_t server, int sockfd, char *buffer, size_t size, int flags);

void *httpd_sess_get_ctx(httpd_handle_t handle, int sockfd);
void httpd_sess_set_ctx(httpd_handle_t handle, int sockfd, void *ctx, httpd_free_ctx_fn_t free_fn);
void *httpd_sess_get_transport_ctx(httpd_handle_t handle, int sockfd);
void httpd_sess_set_transport_ctx(httpd_handle_t handle, int sockfd, void *ctx, httpd_free_ctx_fn_t free_fn);
void *httpd_get_global_user_ctx(httpd_handle_t handle);
void *httpd_get_global_transport_ctx(httpd_handle_t handle);

// from any task; the connection is closed when the server comes to it
esp_err_t httpd_sess_trigger_close(httpd_handle_t handle, int sockfd);
esp_err_t httpd_sess_update_lru_counter(httpd_handle_t handle, int sockfd);
// count: in, of the array's elements; out, of the sockets in it
esp_err_t httpd_get_client_list(httpd_handle_t handle, size_t *count, int *client_fds);

// calls a function in the server's task
typedef void (*httpd_work_fn_t)(void *arg);
esp_err_t httpd_queue_work(httpd_handle_t handle, httpd_work_fn_t work, void *arg);

#ifdef __cplusplus
}
#endif
