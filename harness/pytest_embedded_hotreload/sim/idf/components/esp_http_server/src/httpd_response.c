// Answers.
// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "httpd_private.h"

// what failed first; nothing is sent after that
typedef struct {
    exchange_t *exchange;
    esp_err_t err;
} writer_t;

esp_err_t httpd_send_all(session_t *session, const char *data, size_t length)
{
    while (length > 0) {
        int sent = session->send(session->server, session->fd, data, length, 0);
        if (sent < 0) {
            return ESP_FAIL;
        }
        data += sent;
        length -= (size_t)sent;
    }
    return ESP_OK;
}

// One send() for each piece, as ESP-IDF does it. What follows the first waits for the client's ACK
// (RFC 1122 section 4.2.3.4), and is lost when the socket is closed before with something unread.
static void put(writer_t *writer, const char *data, size_t length)
{
    if (writer->err == ESP_OK && httpd_send_all(writer->exchange->session, data, length) != ESP_OK) {
        writer->err = ESP_ERR_HTTPD_RESP_SEND;
    }
}

static void put_text(writer_t *writer, const char *text)
{
    put(writer, text, strlen(text));
}

// status line and headers; the last one of the first piece says how the body is framed
static void put_head(writer_t *writer, const char *framing)
{
    exchange_t *exchange = writer->exchange;
    int length = snprintf(exchange->scratch, sizeof(exchange->scratch),
                          "HTTP/1.1 %s\r\nContent-Type: %s\r\n%s", exchange->status,
                          exchange->content_type, framing);

    if (length >= (int)sizeof(exchange->scratch)) {
        writer->err = ESP_ERR_HTTPD_RESP_HDR;
        return;
    }
    put_text(writer, exchange->scratch);
    for (unsigned i = 0; i < exchange->response_header_count; i++) {
        put_text(writer, exchange->response_headers[i].field);
        put_text(writer, ": ");
        put_text(writer, exchange->response_headers[i].value);
        put_text(writer, "\r\n");
    }
    put_text(writer, "\r\n");
}

static esp_err_t finish(writer_t *writer, ssize_t length)
{
    if (writer->err == ESP_OK) {
        const esp_http_server_event_data event = {.fd = writer->exchange->session->fd, .data_len = (int)length};
        httpd_post_event(HTTP_SERVER_EVENT_SENT_DATA, &event, sizeof(event));
    }
    return writer->err;
}

esp_err_t httpd_resp_set_status(httpd_req_t *request, const char *status)
{
    if (!request || !status) {
        return ESP_ERR_INVALID_ARG;
    }
    exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    exchange->status = status;
    return ESP_OK;
}

esp_err_t httpd_resp_set_type(httpd_req_t *request, const char *type)
{
    if (!request || !type) {
        return ESP_ERR_INVALID_ARG;
    }
    exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    exchange->content_type = type;
    return ESP_OK;
}

esp_err_t httpd_resp_set_hdr(httpd_req_t *request, const char *field, const char *value)
{
    if (!request || !field || !value) {
        return ESP_ERR_INVALID_ARG;
    }
    exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    if (exchange->response_header_count >= exchange->session->server->config.max_resp_headers) {
        return ESP_ERR_HTTPD_RESP_HDR;
    }
    exchange->response_headers[exchange->response_header_count++] = (response_header_t){field, value};
    return ESP_OK;
}

esp_err_t httpd_resp_send(httpd_req_t *request, const char *data, ssize_t length)
{
    char framing[sizeof("Content-Length: \r\n") + 10];

    if (!request) {
        return ESP_ERR_INVALID_ARG;
    }
    exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    if (length == HTTPD_RESP_USE_STRLEN) {
        length = (ssize_t)strlen(data);
    }
    // the scratch buffer is the answer's from here on
    exchange->header_count = 0;
    writer_t writer = {.exchange = exchange};
    snprintf(framing, sizeof(framing), "Content-Length: %" PRIu32 "\r\n", (uint32_t)length);
    put_head(&writer, framing);
    if (writer.err == ESP_OK) {
        httpd_post_event(HTTP_SERVER_EVENT_HEADERS_SENT, &exchange->session->fd, sizeof(exchange->session->fd));
    }
    if (data && length > 0) {
        put(&writer, data, (size_t)length);
    }
    return finish(&writer, length);
}

esp_err_t httpd_resp_send_chunk(httpd_req_t *request, const char *data, ssize_t length)
{
    char size_line[sizeof("\r\n") + 8];

    if (!request) {
        return ESP_ERR_INVALID_ARG;
    }
    exchange_t *exchange = httpd_exchange_of(request);
    if (!exchange) {
        return ESP_ERR_HTTPD_INVALID_REQ;
    }
    if (length == HTTPD_RESP_USE_STRLEN) {
        length = (ssize_t)strlen(data);
    }
    exchange->header_count = 0;
    writer_t writer = {.exchange = exchange};
    if (!exchange->is_chunked) {
        put_head(&writer, "Transfer-Encoding: chunked\r\n");
        exchange->is_chunked = writer.err == ESP_OK;
    }
    snprintf(size_line, sizeof(size_line), "%" PRIx32 "\r\n", (uint32_t)length);
    put_text(&writer, size_line);
    if (data && length > 0) {
        put(&writer, data, (size_t)length);
    }
    put_text(&writer, "\r\n");
    return finish(&writer, length);
}

int httpd_send(httpd_req_t *request, const char *data, size_t length)
{
    exchange_t *exchange = httpd_exchange_of(request);

    if (!exchange || !data) {
        return HTTPD_SOCK_ERR_INVALID;
    }
    session_t *session = exchange->session;
    return session->send(session->server, session->fd, data, length, 0);
}
