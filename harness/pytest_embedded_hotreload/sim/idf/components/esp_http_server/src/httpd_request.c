// What a handler gets to know of its request.
// SPDX-License-Identifier: MIT
#include <strings.h>

#include "esp_log.h"
#include "httpd_private.h"

static const char *TAG = "httpd_req";

// NULL outside of the server's task: the request belongs to its handler, and to the time of its call
exchange_t *httpd_exchange_of(httpd_req_t *request)
{
    if (!request || !request->handle || !request->aux) {
        return NULL;
    }
    const httpd_server_t *server = request->handle;
    return xTaskGetCurrentTaskHandle() == server->task ? request->aux : NULL;
}

int httpd_req_to_sockfd(httpd_req_t *request)
{
    exchange_t *exchange = httpd_exchange_of(request);
    return exchange ? exchange->session->fd : -1;
}

// --- body

int httpd_body_receive(exchange_t *exchange, char *buffer, size_t size)
{
    session_t *session = exchange->session;
    size_t available = session->block_end - session->block_start;

    size = MIN(size, exchange->remaining);
    if (size == 0) {
        return 0;
    }
    size_t copied = MIN(size, available);
    memcpy(buffer, session->block + session->block_start, copied);
    session->block_start += copied;
    if (copied < size) {
        // a buffer that has room waits for more, in ESP-IDF too
        int received = session->recv(session->server, session->fd, buffer + copied, size - copied, 0);
        if (received < 0 && !(received == HTTPD_SOCK_ERR_TIMEOUT && copied > 0)) {
            return received;
        }
        copied += (size_t)MAX(received, 0);
    }
    exchange->remaining -= copied;
    return (int)copied;
}

int httpd_req_recv(httpd_req_t *request, char *buffer, size_t size)
{
    exchange_t *exchange = httpd_exchange_of(request);

    if (!exchange || !buffer) {
        return HTTPD_SOCK_ERR_INVALID;
    }
    session_t *session = exchange->session;
    int received = httpd_body_receive(exchange, buffer, size);
    if (received > 0) {
        const esp_http_server_event_data event = {.fd = session->fd, .data_len = received};
        httpd_post_event(HTTP_SERVER_EVENT_ON_DATA, &event, sizeof(event));
    }
    return received;
}

// --- headers

static const char *find_header(const exchange_t *exchange, const char *field)
{
    const char *name = exchange->scratch;

    for (unsigned i = 0; i < exchange->header_count; i++) {
        const char *value = name + strlen(name) + 1;
        if (strcasecmp(name, field) == 0) {
            return value;
        }
        name = value + strlen(value) + 1;
    }
    return NULL;
}

static esp_err_t copy_out(const char *text, size_t length, char *buffer, size_t size)
{
    if (size == 0) {
        return ESP_ERR_HTTPD_RESULT_TRUNC;
    }
    size_t copied = MIN(length, size - 1);
    memcpy(buffer, text, copied);
    buffer[copied] = '\0';
    return copied == length ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}

size_t httpd_req_get_hdr_value_len(httpd_req_t *request, const char *field)
{
    const exchange_t *exchange = httpd_exchange_of(request);
    const char *value = exchange && field ? find_header(exchange, field) : NULL;
    return value ? strlen(value) : 0;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *request, const char *field, char *value, size_t size)
{
    if (!request || !field || !value) {
        return ESP_ERR_INVALID_ARG;
    }
    const exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    const char *found = find_header(exchange, field);
    return found ? copy_out(found, strlen(found), value, size) : ESP_ERR_NOT_FOUND;
}

// --- query

size_t httpd_req_get_url_query_len(httpd_req_t *request)
{
    const exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange || !(exchange->url.field_set & (1 << UF_QUERY))) {
        return 0;
    }
    return exchange->url.field_data[UF_QUERY].len;
}

esp_err_t httpd_req_get_url_query_str(httpd_req_t *request, char *buffer, size_t size)
{
    if (!request || !buffer) {
        return ESP_ERR_INVALID_ARG;
    }
    const exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    if (!(exchange->url.field_set & (1 << UF_QUERY))) {
        return ESP_ERR_NOT_FOUND;
    }
    return copy_out(request->uri + exchange->url.field_data[UF_QUERY].off, exchange->url.field_data[UF_QUERY].len,
                    buffer, size);
}

// Looks for key=value in a list, in which `end` follows a value and `next` comes before a key. A key is all up to the
// next "=": what has none, as `a` in "a&b=c", hides the pair behind it, in ESP-IDF too.
static const char *find_pair(const char *list, const char *key, char end, char next, size_t *length)
{
    size_t key_length = strlen(key);
    const char ends[] = {end, '\0'};

    while (list) {
        const char *value = strchr(list, '=');
        if (!value) {
            break;
        }
        if ((size_t)(value - list) == key_length && strncasecmp(list, key, key_length) == 0) {
            value++;
            *length = strcspn(value, ends);
            return value;
        }
        list = strchr(value, next);
        if (list) {
            list++;
        }
    }
    return NULL;
}

esp_err_t httpd_query_key_value(const char *query, const char *key, char *value, size_t size)
{
    size_t length;

    if (!query || !key || !value) {
        return ESP_ERR_INVALID_ARG;
    }
    const char *found = find_pair(query, key, '&', '&', &length);
    return found ? copy_out(found, length, value, size) : ESP_ERR_NOT_FOUND;
}

// --- cookies

esp_err_t httpd_req_get_cookie_val(httpd_req_t *request, const char *cookie_name, char *value, size_t *size)
{
    size_t length;

    if (!request || !cookie_name || !value || !size) {
        return ESP_ERR_INVALID_ARG;
    }
    const exchange_t *exchange = httpd_exchange_of(request);
    const char *cookies = exchange ? find_header(exchange, "Cookie") : NULL;
    const char *found = cookies ? find_pair(cookies, cookie_name, ';', ' ', &length) : NULL;
    if (!found) {
        ESP_LOGD(TAG, "cookie %s not found", cookie_name);
        return ESP_ERR_NOT_FOUND;
    }
    esp_err_t err = copy_out(found, length, value, *size);
    *size = length + 1;
    return err;
}
