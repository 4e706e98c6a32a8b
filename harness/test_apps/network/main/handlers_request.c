// What the server says about a request, and the forms of answers.
// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "server.h"

static esp_err_t on_hello(httpd_req_t *request)
{
    return httpd_resp_sendstr(request, "hello");
}

static esp_err_t on_wild(httpd_req_t *request)
{
    return httpd_resp_sendstr(request, request->uri);
}

// every getter, with a buffer as large as the query's "room"
static esp_err_t on_request(httpd_req_t *request)
{
    char header[64] = "";
    char query[128] = "";
    char value[64] = "";
    char cookie[64] = "";
    unsigned room = query_number(request, "room", sizeof(header));
    size_t cookie_room = room;

    esp_err_t header_err = httpd_req_get_hdr_value_str(request, "X-Test", header, room);
    esp_err_t query_err = httpd_req_get_url_query_str(request, query, sizeof(query));
    esp_err_t value_err = httpd_query_key_value(query, "key", value, room);
    esp_err_t cookie_err = httpd_req_get_cookie_val(request, "taste", cookie, &cookie_room);

    return send_json(request,
                     "{\"method\":%d,\"content_len\":%u,\"header\":\"%s\",\"header_len\":%u,\"header_err\":%d,"
                     "\"query_len\":%u,\"query_err\":%d,\"value\":\"%s\",\"value_err\":%d,"
                     "\"cookie\":\"%s\",\"cookie_err\":%d,\"cookie_room\":%u}",
                     request->method, (unsigned)request->content_len, header,
                     (unsigned)httpd_req_get_hdr_value_len(request, "x-test"), header_err,
                     (unsigned)httpd_req_get_url_query_len(request), query_err, value, value_err, cookie, cookie_err,
                     (unsigned)cookie_room);
}

static esp_err_t on_headers(httpd_req_t *request)
{
    httpd_resp_set_status(request, "202 Accepted");
    httpd_resp_set_type(request, "text/plain");
    httpd_resp_set_hdr(request, "X-One", "1");
    httpd_resp_set_hdr(request, "X-Two", "2");
    return httpd_resp_sendstr(request, "accepted");
}

// more headers than the scratch buffer holds: the answer goes out in pieces
static esp_err_t on_long_headers(httpd_req_t *request)
{
    char *value = malloc(301);
    esp_err_t err = ESP_ERR_NO_MEM;

    if (value) {
        memset(value, 'v', 300);
        value[300] = '\0';
        httpd_resp_set_hdr(request, "X-One", value);
        httpd_resp_set_hdr(request, "X-Two", value);
        httpd_resp_set_hdr(request, "X-Three", value);
        err = httpd_resp_sendstr(request, "long");
        free(value);
    }
    return err;
}

static esp_err_t on_chunks(httpd_req_t *request)
{
    unsigned count = query_number(request, "count", 1);
    unsigned size = query_number(request, "size", 16);
    char *chunk = malloc(size);
    esp_err_t err = chunk ? ESP_OK : ESP_ERR_NO_MEM;

    for (unsigned i = 0; i < count && err == ESP_OK; i++) {
        memset(chunk, 'a' + (int)(i % 26), size);
        err = httpd_resp_send_chunk(request, chunk, (ssize_t)size);
    }
    free(chunk);
    return err == ESP_OK ? httpd_resp_send_chunk(request, NULL, 0) : err;
}

static esp_err_t on_empty(httpd_req_t *request)
{
    httpd_resp_set_status(request, HTTPD_204);
    return httpd_resp_send(request, NULL, 0);
}

static esp_err_t on_fail(httpd_req_t *request)
{
    httpd_resp_send_500(request);
    return ESP_FAIL;
}

void register_request_handlers(httpd_handle_t server)
{
    register_handler(server, HTTP_GET, "/hello", on_hello);
    register_handler(server, HTTP_GET, "/request", on_request);
    register_handler(server, HTTP_POST, "/request", on_request);
    register_handler(server, HTTP_GET, "/headers", on_headers);
    register_handler(server, HTTP_GET, "/long-headers", on_long_headers);
    register_handler(server, HTTP_GET, "/chunks", on_chunks);
    register_handler(server, HTTP_GET, "/empty", on_empty);
    register_handler(server, HTTP_GET, "/fail", on_fail);
    register_handler(server, HTTP_GET, "/wild/*", on_wild);
}
