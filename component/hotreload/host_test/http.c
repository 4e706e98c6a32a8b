/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "clock.h"
#include "esp_http_server.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_timer.h"
#include "port/hr_key.h"
#include "server/hr_access.h"
#include "server/hr_connection.h"
#include "server/hr_endpoints.h"
#include "server/hr_socket.h"

#define HANDLERS_MAX 16
#define HEAD_MAX 2048
#define NEVER (INT64_C(3600) * 1000 * 1000)

static int server;
static bool owned;
static unsigned room;
static httpd_uri_t handlers[HANDLERS_MAX];
static unsigned handler_count;
static httpd_err_handler_func_t error_handlers[HTTPD_ERR_CODE_MAX];

static char head[HEAD_MAX];
static const char *body;
static size_t body_size;
static size_t body_taken;

static size_t piece = SIZE_MAX;
static int64_t pause;
static size_t end = SIZE_MAX;
static http_end_t end_kind;
static esp_err_t hand_over_result;

void http_set_pieces(size_t size)
{
    piece = size;
}

void http_set_pause(int64_t microseconds)
{
    pause = microseconds;
}

void http_set_end(size_t new_end, http_end_t kind)
{
    end = new_end;
    end_kind = kind;
}

void http_fail_to_hand_over(esp_err_t err)
{
    hand_over_result = err;
}

void http_open(const hotreload_server_config_t *config, bool is_own, size_t capacity,
               unsigned handlers_room)
{
    hr_report_t report;
    owned = is_own;
    room = handlers_room;
    esp_err_t err = hr_access_open(&report);
    if (err == ESP_OK) {
        err = hr_endpoints_open(&server, config, capacity, &report);
    }
    printf("serve: %s %s\n", hotreload_err_to_name(err), err != ESP_OK ? report.message : "");
    printf("handlers %u\n", handler_count);
}

void http_close(void)
{
    hr_endpoints_close();
}

const char *http_method_str(httpd_method_t method)
{
    static const char *const names[] = {"DELETE", "GET", "HEAD", "POST"};
    return names[method];
}

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *endpoint)
{
    assert(handle == &server);
    if (handler_count == room) {
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    }
    handlers[handler_count++] = *endpoint;
    return ESP_OK;
}

esp_err_t httpd_unregister_uri_handler(httpd_handle_t handle, const char *uri,
                                       httpd_method_t method)
{
    assert(handle == &server);
    for (unsigned i = 0; i < handler_count; i++) {
        if (strcmp(handlers[i].uri, uri) == 0 && handlers[i].method == method) {
            handlers[i] = handlers[--handler_count];
            return ESP_OK;
        }
    }
    return ESP_ERR_NOT_FOUND;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler)
{
    assert(handle == &server);
    error_handlers[error] = handler;
    return ESP_OK;
}

esp_err_t httpd_queue_work(httpd_handle_t handle, void (*work)(void *), void *argument)
{
    assert(handle == &server);
    work(argument);
    return ESP_OK;
}

/* Where the value begins, or NULL. */
static const char *find_header(const char *name, size_t *length)
{
    size_t name_length = strlen(name);
    for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            line += name_length + 1;
            line += strspn(line, " ");
            *length = strcspn(line, "\r\n");
            return line;
        }
    }
    return NULL;
}

size_t httpd_req_get_hdr_value_len(httpd_req_t *request, const char *name)
{
    size_t length = 0;
    (void)request;
    find_header(name, &length);
    return length;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *request, const char *name, char *value,
                                      size_t size)
{
    size_t length = 0;
    const char *found = find_header(name, &length);
    (void)request;
    if (found == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    snprintf(value, size, "%.*s", (int)length, found);
    return length < size ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}

/* Some of the body, or what has become of the client. */
static esp_err_t receive(void *buffer, size_t size, int64_t deadline, size_t *received)
{
    size_t last = body_size < end ? body_size : end;
    size_t left = last - body_taken;
    if (left == 0 && body_taken == end) {
        clock_set(end_kind == HTTP_SILENT ? deadline : esp_timer_get_time());
        return end_kind == HTTP_SILENT ? ESP_ERR_TIMEOUT
            : end_kind == HTTP_GONE ? ESP_FAIL : ESP_ERR_INVALID_STATE;
    }
    if (esp_timer_get_time() + pause >= deadline) {
        clock_set(deadline);
        return ESP_ERR_TIMEOUT;
    }
    clock_set(esp_timer_get_time() + pause);
    size = size < left ? size : left;
    size = size < piece ? size : piece;
    assert(size > 0);
    memcpy(buffer, body + body_taken, size);
    body_taken += size;
    *received = size;
    return ESP_OK;
}

int httpd_req_recv(httpd_req_t *request, char *buffer, size_t size)
{
    size_t received = 0;
    (void)request;
    /* the server's own time-out */
    switch (receive(buffer, size, esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL,
                    &received)) {
    case ESP_OK:
        return (int)received;
    case ESP_ERR_TIMEOUT:
        return HTTPD_SOCK_ERR_TIMEOUT;
    default:
        return 0;
    }
}

esp_err_t httpd_resp_set_status(httpd_req_t *request, const char *status)
{
    (void)request;
    printf("answer %s\n", status);
    return ESP_OK;
}

esp_err_t httpd_resp_set_type(httpd_req_t *request, const char *type)
{
    return httpd_resp_set_hdr(request, "Content-Type", type);
}

esp_err_t httpd_resp_set_hdr(httpd_req_t *request, const char *name, const char *value)
{
    (void)request;
    printf("header %s: %s\n", name, value);
    return ESP_OK;
}

esp_err_t httpd_resp_send(httpd_req_t *request, const char *text, ssize_t size)
{
    (void)request;
    printf("length %zd\n", size);
    printf("body %.*s\n", text != NULL ? (int)size : 0, text != NULL ? text : "");
    return ESP_OK;
}

/* From `METHOD URI` on. */
static httpd_req_t parse(const char *text, size_t size)
{
    static char uri[HEAD_MAX];
    static char method[16];
    const char *blank = strstr(text, "\r\n\r\n");
    assert(blank != NULL && (size_t)(blank - text) < sizeof(head));
    snprintf(head, sizeof(head), "%.*s\r\n", (int)(blank - text), text);
    body = blank + 4;
    body_size = size - (size_t)(body - text);
    body_taken = 0;
    int fields = sscanf(head, "%15s %2047s", method, uri);
    assert(fields == 2);
    httpd_req_t request = {.handle = &server, .uri = uri};
    while (strcmp(http_method_str(request.method), method) != 0) {
        request.method++;
    }
    size_t length;
    const char *given = find_header("Content-Length", &length);
    request.content_len = given != NULL ? (uint32_t)strtoull(given, NULL, 10) : 0; /* as the chip has it */
    return request;
}

void http_request(const char *text, size_t size)
{
    httpd_req_t request = parse(text, size);
    httpd_err_code_t error = HTTPD_404_NOT_FOUND;
    size_t length = strcspn(request.uri, "?");
    esp_err_t err;
    for (unsigned i = 0; i < handler_count; i++) {
        if (strlen(handlers[i].uri) == length && strncmp(handlers[i].uri, request.uri, length) == 0) {
            error = HTTPD_405_METHOD_NOT_ALLOWED;
            if ((int)handlers[i].method == request.method) {
                request.user_ctx = handlers[i].user_ctx;
                err = handlers[i].handler(&request);
                printf("handled: %s\n", hotreload_err_to_name(err));
                return;
            }
        }
    }
    err = error_handlers[error](&request, error);
    printf("handled: %s\n", hotreload_err_to_name(err));
}

void http_refuse(int error)
{
    httpd_req_t request = {.handle = &server, .uri = ""};
    esp_err_t err = error_handlers[error](&request, (httpd_err_code_t)error);
    printf("handled: %s\n", hotreload_err_to_name(err));
}

/* What signatures are about. */

const uint8_t hotreload_auth_key[HR_KEY_SIZE] = {
    100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115,
    116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131,
};

esp_err_t esp_efuse_mac_get_default(uint8_t *mac)
{
    static const uint8_t address[] = {0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f};
    memcpy(mac, address, sizeof(address));
    return ESP_OK;
}

void esp_fill_random(void *bytes, size_t size)
{
    memset(bytes, 0x11, size);
}

/* Connections of the own server. */

void hr_connection_end_headers(void)
{
    printf("headers end\n");
}

bool hr_connection_owns(httpd_handle_t handle)
{
    assert(handle == &server);
    return owned;
}

esp_err_t hr_connection_take(httpd_req_t *request, uint32_t stack_size, hr_connection_serve_t serve,
                             void *context)
{
    (void)request;
    assert(stack_size >= 2048);
    if (hand_over_result != ESP_OK) {
        return hand_over_result;
    }
    hr_socket_t socket = {.fd = 1};
    serve(&socket, context);
    return ESP_OK;
}

esp_err_t hr_connection_result(httpd_req_t *request)
{
    (void)request;
    return ESP_FAIL; /* for esp_http_server drops the connection then */
}

esp_err_t hr_connection_dismiss(httpd_req_t *request, const hr_answer_t *answer)
{
    esp_err_t err = hr_answer_send(answer, request);
    printf("dismissed\n");
    return err == ESP_OK ? ESP_FAIL : err;
}

esp_err_t hr_socket_receive(hr_socket_t *socket, void *buffer, size_t size, int64_t deadline,
                            size_t *received)
{
    (void)socket;
    return receive(buffer, size, deadline, received);
}

esp_err_t hr_socket_send(hr_socket_t *socket, const char *data, size_t size)
{
    (void)socket;
    printf("sent %.*s\n", (int)size, data);
    return ESP_OK;
}

esp_err_t hr_socket_continue(hr_socket_t *socket)
{
    static const char line[] = "HTTP/1.1 100 Continue";
    return hr_socket_send(socket, line, sizeof(line) - 1);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    return (size_t)snprintf(to, size, "%s", from);
}
