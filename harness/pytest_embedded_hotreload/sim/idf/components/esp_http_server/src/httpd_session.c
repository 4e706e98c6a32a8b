// Connections and their contexts.
// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "esp_log.h"
#include "httpd_private.h"
#include "lwip/sockets.h"

static const char *TAG = "httpd_sess";

static int socket_error(const char *call)
{
    ESP_LOGW(TAG, "error in %s : %d", call, errno);
    switch (errno) {
    case EAGAIN:
    case EINTR:
        return HTTPD_SOCK_ERR_TIMEOUT;
    case EINVAL:
    case EBADF:
    case EFAULT:
    case ENOTSOCK:
        return HTTPD_SOCK_ERR_INVALID;
    default:
        return HTTPD_SOCK_ERR_FAIL;
    }
}

static int default_send(httpd_handle_t server, int fd, const char *data, size_t length, int flags)
{
    (void)server;
    if (!data) {
        return HTTPD_SOCK_ERR_INVALID;
    }
    ssize_t sent = send(fd, data, length, flags);
    return sent < 0 ? socket_error("send") : (int)sent;
}

static int default_recv(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    if (!buffer) {
        return HTTPD_SOCK_ERR_INVALID;
    }
    ssize_t received = recv(fd, buffer, size, flags);
    return received < 0 ? socket_error("recv") : (int)received;
}

static session_t *sessions_end(const httpd_server_t *server)
{
    return server->sessions + server->config.max_open_sockets;
}

session_t *httpd_session_find(httpd_server_t *server, int fd)
{
    if (!server || fd < 0) {
        return NULL;
    }
    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        if (session->fd == fd) {
            return session;
        }
    }
    return NULL;
}

void httpd_sessions_init(httpd_server_t *server)
{
    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        session->fd = -1;
    }
}

bool httpd_sessions_has_free(const httpd_server_t *server)
{
    return server->session_count < server->config.max_open_sockets;
}

esp_err_t httpd_session_open(httpd_server_t *server, int fd)
{
    session_t *session = server->sessions;
    while (session < sessions_end(server) && session->fd >= 0) {
        session++;
    }
    if (session == sessions_end(server)) {
        close(fd);
        return ESP_FAIL;
    }
    *session = (session_t){
        .fd = fd,
        .server = server,
        .last_used = ++server->request_count,
        .send = default_send,
        .recv = default_recv,
    };
    server->session_count++;

    if (server->config.open_fn) {
        esp_err_t err = server->config.open_fn(server, fd);
        if (err != ESP_OK) {
            httpd_session_close(session);
            return err;
        }
    }
    return ESP_OK;
}

static void free_context(void **context, httpd_free_ctx_fn_t free_fn)
{
    if (*context) {
        (free_fn ? free_fn : free)(*context);
        *context = NULL;
    }
}

void httpd_session_close(session_t *session)
{
    httpd_server_t *server = session->server;
    int fd = session->fd;

    if (fd < 0) {
        return;
    }
    if (server->config.enable_so_linger) {
        const struct linger linger = {.l_onoff = 1, .l_linger = server->config.linger_timeout};
        if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0) {
            ESP_LOGW(TAG, "error enabling SO_LINGER (%d)", errno);
        }
    }
    if (server->config.close_fn) {
        server->config.close_fn(server, fd);
    } else {
        close(fd);
    }
    free_context(&session->ctx, session->free_ctx);
    free_context(&session->transport_ctx, session->free_transport_ctx);
    session->fd = -1;
    server->session_count--;
    httpd_post_event(HTTP_SERVER_EVENT_DISCONNECTED, &fd, sizeof(fd));
}

void httpd_sessions_close_all(httpd_server_t *server)
{
    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        httpd_session_close(session);
    }
}

// the application may have closed a socket behind the server's back
void httpd_sessions_close_invalid(httpd_server_t *server)
{
    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        if (session->fd >= 0 && fcntl(session->fd, F_GETFL, 0) < 0) {
            ESP_LOGW(TAG, "closing invalid socket %d", session->fd);
            httpd_session_close(session);
        }
    }
}

void httpd_sessions_close_least_used(httpd_server_t *server)
{
    session_t *oldest = NULL;

    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        if (session->fd >= 0 && (!oldest || session->last_used < oldest->last_used)) {
            oldest = session;
        }
    }
    if (oldest) {
        httpd_session_close(oldest);
    }
}

bool httpd_session_has_data(session_t *session)
{
    return session->block_start < session->block_end ||
           (session->pending && session->pending(session->server, session->fd) > 0);
}

// --- what applications do with sessions

esp_err_t httpd_sess_set_send_override(httpd_handle_t server, int fd, httpd_send_func_t send)
{
    session_t *session = httpd_session_find(server, fd);
    if (!session) {
        return ESP_ERR_INVALID_ARG;
    }
    session->send = send;
    return ESP_OK;
}

esp_err_t httpd_sess_set_recv_override(httpd_handle_t server, int fd, httpd_recv_func_t recv)
{
    session_t *session = httpd_session_find(server, fd);
    if (!session) {
        return ESP_ERR_INVALID_ARG;
    }
    session->recv = recv;
    return ESP_OK;
}

esp_err_t httpd_sess_set_pending_override(httpd_handle_t server, int fd, httpd_pending_func_t pending)
{
    session_t *session = httpd_session_find(server, fd);
    if (!session) {
        return ESP_ERR_INVALID_ARG;
    }
    session->pending = pending;
    return ESP_OK;
}

int httpd_socket_send(httpd_handle_t server, int fd, const char *data, size_t length, int flags)
{
    session_t *session = httpd_session_find(server, fd);
    return session && session->send ? session->send(server, fd, data, length, flags) : HTTPD_SOCK_ERR_INVALID;
}

int httpd_socket_recv(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    session_t *session = httpd_session_find(server, fd);
    return session && session->recv ? session->recv(server, fd, buffer, size, flags) : HTTPD_SOCK_ERR_INVALID;
}

// during a request its session's context is in the request, where the handler can change it
static bool is_in_request(const session_t *session)
{
    return session->server->exchange.session == session;
}

void *httpd_sess_get_ctx(httpd_handle_t handle, int fd)
{
    session_t *session = httpd_session_find(handle, fd);
    if (!session) {
        return NULL;
    }
    return is_in_request(session) ? session->server->request.sess_ctx : session->ctx;
}

void httpd_sess_set_ctx(httpd_handle_t handle, int fd, void *ctx, httpd_free_ctx_fn_t free_fn)
{
    session_t *session = httpd_session_find(handle, fd);
    if (!session) {
        return;
    }
    if (is_in_request(session)) {
        httpd_req_t *request = &session->server->request;
        // the one that the session came with is freed at the end of the request
        if (request->sess_ctx != ctx && request->sess_ctx != session->ctx) {
            free_context(&request->sess_ctx, request->free_ctx);
        }
        request->sess_ctx = ctx;
        request->free_ctx = free_fn;
        return;
    }
    if (session->ctx != ctx) {
        free_context(&session->ctx, session->free_ctx);
    }
    session->ctx = ctx;
    session->free_ctx = free_fn;
}

void *httpd_sess_get_transport_ctx(httpd_handle_t handle, int fd)
{
    session_t *session = httpd_session_find(handle, fd);
    return session ? session->transport_ctx : NULL;
}

void httpd_sess_set_transport_ctx(httpd_handle_t handle, int fd, void *ctx, httpd_free_ctx_fn_t free_fn)
{
    session_t *session = httpd_session_find(handle, fd);
    if (!session) {
        return;
    }
    if (session->transport_ctx != ctx) {
        free_context(&session->transport_ctx, session->free_transport_ctx);
    }
    session->transport_ctx = ctx;
    session->free_transport_ctx = free_fn;
}

static void close_session(void *argument)
{
    httpd_session_close(argument);
}

esp_err_t httpd_sess_trigger_close(httpd_handle_t handle, int fd)
{
    session_t *session = httpd_session_find(handle, fd);
    return session ? httpd_queue_work(handle, close_session, session) : ESP_ERR_NOT_FOUND;
}

esp_err_t httpd_sess_update_lru_counter(httpd_handle_t handle, int fd)
{
    if (!handle) {
        return ESP_ERR_INVALID_ARG;
    }
    session_t *session = httpd_session_find(handle, fd);
    if (!session) {
        return ESP_ERR_NOT_FOUND;
    }
    session->last_used = ++session->server->request_count;
    return ESP_OK;
}

esp_err_t httpd_get_client_list(httpd_handle_t handle, size_t *count, int *client_fds)
{
    httpd_server_t *server = handle;

    if (!server || !count || *count == 0 || !client_fds) {
        return ESP_ERR_INVALID_ARG;
    }
    size_t room = *count;
    *count = 0;
    for (session_t *session = server->sessions; session < sessions_end(server); session++) {
        if (session->fd < 0) {
            continue;
        }
        if (*count == room) {
            return ESP_ERR_INVALID_ARG;
        }
        client_fds[(*count)++] = session->fd;
    }
    return ESP_OK;
}
