// The server's life and its loop.
// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "esp_log.h"
#include "esp_private/event_loop.h"
#include "httpd_private.h"
#include "lwip/sockets.h"

// a listening socket and the two of the control channel
#define OWN_SOCKETS 3

// used where the configuration has zero (esp_http_server.h of ESP-IDF)
#define KEEP_ALIVE_IDLE 5
#define KEEP_ALIVE_INTERVAL 5
#define KEEP_ALIVE_COUNT 3

static const char *TAG = "httpd";

ESP_EVENT_DEFINE_BASE(ESP_HTTP_SERVER_EVENT);

void httpd_post_event(esp_http_server_event_id_t id, const void *data, size_t size)
{
    // there are several for each request, and hardly anybody wants them
    if (!esp_event_is_awaited(ESP_HTTP_SERVER_EVENT)) {
        return;
    }
    esp_err_t err = esp_event_post(ESP_HTTP_SERVER_EVENT, id, data, size, portMAX_DELAY);
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "event %d is lost: %s", id, esp_err_to_name(err));
    }
}

static bool set_option(int fd, int level, int option, const void *value, socklen_t length, const char *name)
{
    if (setsockopt(fd, level, option, value, length) == 0) {
        return true;
    }
    ESP_LOGE(TAG, "error in setsockopt %s (%d)", name, errno);
    return false;
}

static bool set_int(int fd, int level, int option, int value, const char *name)
{
    return set_option(fd, level, option, &value, sizeof(value), name);
}

static bool set_timeout(int fd, int option, uint16_t seconds, const char *name)
{
    const struct timeval timeout = {.tv_sec = seconds};
    return set_option(fd, SOL_SOCKET, option, &timeout, sizeof(timeout), name);
}

static bool set_keep_alive(int fd, const httpd_config_t *config)
{
    int idle = config->keep_alive_idle ? config->keep_alive_idle : KEEP_ALIVE_IDLE;
    int interval = config->keep_alive_interval ? config->keep_alive_interval : KEEP_ALIVE_INTERVAL;
    int count = config->keep_alive_count ? config->keep_alive_count : KEEP_ALIVE_COUNT;

    return set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE") &&
           set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle, "TCP_KEEPIDLE") &&
           set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval, "TCP_KEEPINTVL") &&
           set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, count, "TCP_KEEPCNT");
}

static bool set_up_connection(int fd, const httpd_config_t *config)
{
    // headers and body of an answer are often two writes: the second must not wait for an acknowledgement
    return set_timeout(fd, SO_RCVTIMEO, config->recv_wait_timeout, "SO_RCVTIMEO") &&
           set_timeout(fd, SO_SNDTIMEO, config->send_wait_timeout, "SO_SNDTIMEO") &&
           set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY") &&
           (!config->keep_alive_enable || set_keep_alive(fd, config));
}

static void accept_connection(httpd_server_t *server)
{
    // first, because its socket may be the last one
    if (!httpd_sessions_has_free(server)) {
        httpd_sessions_close_least_used(server);
    }
    int fd = accept(server->listen_fd, NULL, NULL);
    if (fd < 0) {
        ESP_LOGE(TAG, "%s: error in accept (%d)", __func__, errno);
        return;
    }
    if (!set_up_connection(fd, &server->config)) {
        close(fd);
        return;
    }
    if (httpd_session_open(server, fd) == ESP_OK) {
        httpd_post_event(HTTP_SERVER_EVENT_ON_CONNECTED, &fd, sizeof(fd));
    }
}

static void serve_session(session_t *session, const fd_set *readable)
{
    if (session->fd < 0 || !(FD_ISSET(session->fd, readable) || httpd_session_has_data(session))) {
        return;
    }
    if (httpd_exchange_run(session) == ESP_OK) {
        session->last_used = ++session->server->request_count;
    } else {
        httpd_session_close(session);
    }
}

// waits until a socket has something, and handles one message, one request of each connection, one new connection
static void serve_once(httpd_server_t *server)
{
    fd_set readable;
    int highest = server->control_fd;
    bool has_data = false;

    FD_ZERO(&readable);
    FD_SET(server->control_fd, &readable);
    // without room the client waits in the backlog
    if (server->config.lru_purge_enable || httpd_sessions_has_free(server)) {
        FD_SET(server->listen_fd, &readable);
        highest = MAX(highest, server->listen_fd);
    }
    for (unsigned i = 0; i < server->config.max_open_sockets; i++) {
        session_t *session = &server->sessions[i];
        if (session->fd >= 0) {
            FD_SET(session->fd, &readable);
            highest = MAX(highest, session->fd);
            has_data = has_data || httpd_session_has_data(session);
        }
    }

    // a pipelined request lies in the session already: the socket may have nothing more to say
    struct timeval at_once = {0};
    if (select(highest + 1, &readable, NULL, NULL, has_data ? &at_once : NULL) < 0) {
        ESP_LOGE(TAG, "error in select (%d)", errno);
        httpd_sessions_close_invalid(server);
        return;
    }
    if (FD_ISSET(server->control_fd, &readable)) {
        httpd_control_receive(server);
    }
    for (unsigned i = 0; i < server->config.max_open_sockets && !server->is_stopping; i++) {
        serve_session(&server->sessions[i], &readable);
    }
    if (!server->is_stopping && FD_ISSET(server->listen_fd, &readable)) {
        accept_connection(server);
    }
}

static void server_task(void *argument)
{
    httpd_server_t *server = argument;

    while (!server->is_stopping) {
        serve_once(server);
    }
    httpd_sessions_close_all(server);
    close(server->listen_fd);
    httpd_control_close(server);
    xSemaphoreGive(server->stopped);
    vTaskDelete(NULL);
}

static int open_listener(const httpd_config_t *config)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(config->server_port), .sin_addr.s_addr = htonl(INADDR_ANY)};

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        ESP_LOGE(TAG, "error in socket (%d)", errno);
        return -1;
    }
    // connections of a server that was stopped before may still be on their way out
    if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR") ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, config->backlog_conn) < 0) {
        ESP_LOGE(TAG, "port %u: error in bind or listen (%d)", config->server_port, errno);
        close(fd);
        return -1;
    }
    return fd;
}

static void free_server(httpd_server_t *server)
{
    if (server->handlers) {
        httpd_unregister_all(server);
    }
    if (server->stopped) {
        vSemaphoreDelete(server->stopped);
    }
    free(server->exchange.response_headers);
    free(server->handlers);
    free(server->sessions);
    free(server);
}

static httpd_server_t *new_server(const httpd_config_t *config)
{
    httpd_server_t *server = calloc(1, sizeof(*server));
    if (!server) {
        return NULL;
    }
    server->config = *config;
    server->sessions = calloc(config->max_open_sockets, sizeof(*server->sessions));
    server->handlers = calloc(config->max_uri_handlers + 1u, sizeof(*server->handlers));
    server->exchange.response_headers =
        calloc(config->max_resp_headers + 1u, sizeof(*server->exchange.response_headers));
    server->stopped = xSemaphoreCreateBinary();
    if (!server->sessions || !server->handlers || !server->exchange.response_headers || !server->stopped) {
        free_server(server);
        return NULL;
    }
    httpd_sessions_init(server);
    return server;
}

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config)
{
    if (!handle || !config) {
        return ESP_ERR_INVALID_ARG;
    }
    if (config->max_open_sockets + OWN_SOCKETS > CONFIG_LWIP_MAX_SOCKETS) {
        ESP_LOGE(TAG, "max_open_sockets is %u, but at most %d are possible: CONFIG_LWIP_MAX_SOCKETS less %d",
                 config->max_open_sockets, CONFIG_LWIP_MAX_SOCKETS - OWN_SOCKETS, OWN_SOCKETS);
        return ESP_ERR_INVALID_ARG;
    }
    httpd_server_t *server = new_server(config);
    if (!server) {
        return ESP_ERR_HTTPD_ALLOC_MEM;
    }
    server->listen_fd = open_listener(config);
    if (server->listen_fd < 0) {
        free_server(server);
        return ESP_FAIL;
    }
    if (httpd_control_open(server) != ESP_OK) {
        close(server->listen_fd);
        free_server(server);
        return ESP_FAIL;
    }
    if (xTaskCreatePinnedToCore(server_task, "httpd", config->stack_size, server, config->task_priority, &server->task,
                                config->core_id) != pdPASS) {
        httpd_control_close(server);
        close(server->listen_fd);
        free_server(server);
        return ESP_ERR_HTTPD_TASK;
    }
    *handle = server;
    httpd_post_event(HTTP_SERVER_EVENT_START, NULL, 0);
    return ESP_OK;
}

static void free_global_context(void *context, httpd_free_ctx_fn_t free_fn)
{
    if (context) {
        (free_fn ? free_fn : free)(context);
    }
}

esp_err_t httpd_stop(httpd_handle_t handle)
{
    httpd_server_t *server = handle;

    if (!server) {
        return ESP_ERR_INVALID_ARG;
    }
    if (xTaskGetCurrentTaskHandle() == server->task) {
        ESP_LOGE(TAG, "a handler cannot stop its own server");
        return ESP_FAIL;
    }
    esp_err_t err = httpd_control_stop(server);
    if (err != ESP_OK) {
        return err;
    }
    xSemaphoreTake(server->stopped, portMAX_DELAY);
    free_global_context(server->config.global_user_ctx, server->config.global_user_ctx_free_fn);
    free_global_context(server->config.global_transport_ctx, server->config.global_transport_ctx_free_fn);
    free_server(server);
    httpd_post_event(HTTP_SERVER_EVENT_STOP, NULL, 0);
    return ESP_OK;
}

void *httpd_get_global_user_ctx(httpd_handle_t handle)
{
    return ((httpd_server_t *)handle)->config.global_user_ctx;
}

void *httpd_get_global_transport_ctx(httpd_handle_t handle)
{
    return ((httpd_server_t *)handle)->config.global_transport_ctx;
}
