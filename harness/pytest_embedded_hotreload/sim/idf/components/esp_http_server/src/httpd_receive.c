// One request: from the first byte to the call of its handler, and what is left of it afterwards.
// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "esp_log.h"
#include "httpd_private.h"

static const char *TAG = "httpd_parse";

typedef struct {
    httpd_server_t *server;
    size_t uri_length;
    size_t header_length;  // as sent, with colons, spaces and line ends
    size_t scratch_length; // as kept
    bool is_in_value;
    bool is_complete;
    const char *body; // what has come of it; NULL: there is none
    bool has_failed;
    httpd_err_code_t error;
} parse_t;

static int fail(parse_t *parse, httpd_err_code_t error)
{
    parse->has_failed = true;
    parse->error = error;
    return -1;
}

static int on_url(http_parser *parser, const char *at, size_t length)
{
    parse_t *parse = parser->data;
    httpd_req_t *request = &parse->server->request;

    if (parse->uri_length + length > HTTPD_MAX_URI_LEN) {
        ESP_LOGW(TAG, "URI length greater than supported (%d)", HTTPD_MAX_URI_LEN);
        return fail(parse, HTTPD_414_URI_TOO_LONG);
    }
    memcpy((char *)request->uri + parse->uri_length, at, length);
    parse->uri_length += length;
    return 0;
}

// names and values are zero-terminated when the next one begins
static int append_header(parse_t *parse, const char *at, size_t length)
{
    exchange_t *exchange = &parse->server->exchange;

    parse->header_length += length;
    if (parse->header_length > HTTPD_MAX_REQ_HDR_LEN) {
        ESP_LOGW(TAG, "headers longer than supported (%d)", HTTPD_MAX_REQ_HDR_LEN);
        return fail(parse, HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE);
    }
    memcpy(exchange->scratch + parse->scratch_length, at, length);
    parse->scratch_length += length;
    return 0;
}

static int end_value(parse_t *parse)
{
    parse->is_in_value = false;
    parse->server->exchange.header_count++;
    return append_header(parse, "", 1);
}

static int on_header_field(http_parser *parser, const char *at, size_t length)
{
    parse_t *parse = parser->data;

    if (parse->is_in_value) {
        // the zero stands for the carriage return, this for the line feed
        parse->header_length++;
        if (end_value(parse) != 0) {
            return -1;
        }
    }
    return append_header(parse, at, length);
}

static int on_header_value(http_parser *parser, const char *at, size_t length)
{
    parse_t *parse = parser->data;

    if (!parse->is_in_value) {
        parse->is_in_value = true;
        // the zero stands for the colon, this for the space
        parse->header_length++;
        if (append_header(parse, "", 1) != 0) {
            return -1;
        }
    }
    return append_header(parse, at, length);
}

static httpd_err_code_t check_request_line(const http_parser *parser, httpd_server_t *server)
{
    if (parser->http_major != 1 || parser->http_minor > 1) {
        ESP_LOGW(TAG, "unsupported HTTP version = %d.%d", parser->http_major, parser->http_minor);
        return HTTPD_505_VERSION_NOT_SUPPORTED;
    }
    // websockets and tunnels
    if (parser->upgrade) {
        return HTTPD_400_BAD_REQUEST;
    }
    struct http_parser_url *url = &server->exchange.url;
    http_parser_url_init(url);
    if (http_parser_parse_url(server->request.uri, strlen(server->request.uri), parser->method == HTTP_CONNECT, url)) {
        return HTTPD_400_BAD_REQUEST;
    }
    return HTTPD_ERR_CODE_MAX;
}

static int on_headers_complete(http_parser *parser)
{
    parse_t *parse = parser->data;
    httpd_server_t *server = parse->server;
    int fd = server->exchange.session->fd;

    if (parse->is_in_value && end_value(parse) != 0) {
        // any other result would be taken as an instruction about the body
        http_parser_pause(parser, 1);
        return 0;
    }
    server->request.method = (int)parser->method;
    httpd_err_code_t error = check_request_line(parser, server);
    if (error != HTTPD_ERR_CODE_MAX) {
        fail(parse, error);
        http_parser_pause(parser, 1);
        return 0;
    }
    // -1: none was given. A chunked body is not known as one, and a length has 32 bits, in ESP-IDF too
    server->request.content_len = (int)parser->content_length == -1 ? 0 : (size_t)parser->content_length;
    httpd_post_event(HTTP_SERVER_EVENT_ON_HEADER, &fd, sizeof(fd));
    return 0;
}

// As in ESP-IDF a request with a body is complete, and its handler called, when the body's first byte
// has come: the server's task waits for that.
static int on_body(http_parser *parser, const char *at, size_t length)
{
    parse_t *parse = parser->data;

    (void)length;
    parse->body = at;
    parse->is_complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    parse_t *parse = parser->data;

    parse->is_complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

// what came of the first part of a request
typedef enum {
    REQUEST_PARSED,
    REQUEST_ANSWERED, // by a handler for its error, which keeps the connection
    REQUEST_FAILED,
} outcome_t;

// ESP_OK: there is something in the block
static esp_err_t fill_block(session_t *session)
{
    httpd_server_t *server = session->server;

    if (session->block_start < session->block_end) {
        return ESP_OK;
    }
    for (;;) {
        int received = session->recv(server, session->fd, session->block, sizeof(session->block), 0);
        if (received > 0) {
            session->block_start = 0;
            session->block_end = (size_t)received;
            return ESP_OK;
        }
        // a handler for the timeout may want to wait on; closed and broken connections get no answer
        if (received != HTTPD_SOCK_ERR_TIMEOUT ||
            httpd_handle_error(&server->request, HTTPD_408_REQ_TIMEOUT) != ESP_OK) {
            return ESP_FAIL;
        }
    }
}

static outcome_t parse_request(session_t *session)
{
    httpd_server_t *server = session->server;
    http_parser parser;
    parse_t parse = {.server = server};

    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &parse;
    while (!parse.is_complete) {
        if (fill_block(session) != ESP_OK) {
            return REQUEST_FAILED;
        }
        size_t length = session->block_end - session->block_start;
        size_t parsed = http_parser_execute(&parser, &settings, session->block + session->block_start, length);
        if (!parse.is_complete && !parse.has_failed && parsed != length) {
            ESP_LOGW(TAG, "malformed request: %s", http_errno_name(HTTP_PARSER_ERRNO(&parser)));
            fail(&parse, HTTPD_400_BAD_REQUEST);
        }
        if (parse.has_failed) {
            return httpd_handle_error(&server->request, parse.error) == ESP_OK ? REQUEST_ANSWERED : REQUEST_FAILED;
        }
        session->block_start = parse.body ? (size_t)(parse.body - session->block) : session->block_start + parsed;
    }
    return REQUEST_PARSED;
}

static void begin(session_t *session)
{
    httpd_server_t *server = session->server;
    exchange_t *exchange = &server->exchange;
    httpd_req_t *request = &server->request;

    memset(request, 0, sizeof(*request));
    request->handle = server;
    request->aux = exchange;
    request->sess_ctx = session->ctx;
    request->free_ctx = session->free_ctx;
    request->ignore_sess_ctx_changes = session->ignore_ctx_changes;

    exchange->session = session;
    exchange->remaining = 0;
    exchange->header_count = 0;
    exchange->status = HTTPD_200;
    exchange->content_type = HTTPD_TYPE_TEXT;
    exchange->is_chunked = false;
    exchange->response_header_count = 0;
}

// reads what the handler left of the body, so that the next request can be found behind it
static esp_err_t drain_body(exchange_t *exchange)
{
    while (exchange->remaining > 0) {
        if (httpd_body_receive(exchange, exchange->scratch, sizeof(exchange->scratch)) <= 0) {
            return ESP_FAIL;
        }
    }
    return ESP_OK;
}

static void end(session_t *session)
{
    httpd_server_t *server = session->server;
    httpd_req_t *request = &server->request;

    if (!request->ignore_sess_ctx_changes && session->ctx && session->ctx != request->sess_ctx) {
        (session->free_ctx ? session->free_ctx : free)(session->ctx);
    }
    session->ctx = request->sess_ctx;
    session->free_ctx = request->free_ctx;
    session->ignore_ctx_changes = request->ignore_sess_ctx_changes;
    request->handle = NULL;
    request->aux = NULL;
    server->exchange.session = NULL;
}

static esp_err_t run(session_t *session)
{
    httpd_server_t *server = session->server;
    exchange_t *exchange = &server->exchange;

    outcome_t outcome = parse_request(session);
    if (outcome != REQUEST_PARSED) {
        return outcome == REQUEST_ANSWERED ? ESP_OK : ESP_FAIL;
    }
    exchange->remaining = server->request.content_len;

    esp_err_t err = httpd_call_handler(server);
    return err == ESP_OK ? drain_body(exchange) : err;
}

esp_err_t httpd_exchange_run(session_t *session)
{
    begin(session);
    esp_err_t err = run(session);
    end(session);
    return err;
}
