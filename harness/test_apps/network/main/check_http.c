// The parts of the server's interface that need no connection.
// SPDX-License-Identifier: MIT
#include <string.h>

#include "check.h"
#include "esp_http_server.h"

static httpd_config_t other_config(void)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();

    config.server_port = 9090;
    config.ctrl_port = 32100;
    config.max_open_sockets = 1;
    config.max_uri_handlers = 2;
    return config;
}

static esp_err_t on_request(httpd_req_t *request)
{
    return httpd_resp_sendstr(request, "");
}

bool check_http_start(const check_t *check)
{
    httpd_handle_t server = NULL;
    httpd_config_t config = other_config();
    httpd_req_t stray = {0};

    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_start(NULL, &config));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_start(&server, NULL));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_stop(NULL));
    config.max_open_sockets = 14;
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_start(&server, &config));
    config = other_config();
    config.stack_size = 64 * 1024 * 1024;
    CHECK_EQUAL(ESP_ERR_HTTPD_TASK, httpd_start(&server, &config));
    // what the failed ones held is free again
    config = other_config();
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(ESP_OK, httpd_start(&server, &config));
        CHECK_EQUAL(ESP_OK, httpd_stop(server));
    }
    // a request is its handler's only
    CHECK_EQUAL(ESP_ERR_HTTPD_INVALID_REQ, httpd_resp_send(&stray, "", 0));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_resp_send(NULL, "", 0));
    CHECK_EQUAL(HTTPD_SOCK_ERR_INVALID, httpd_req_recv(&stray, NULL, 0));
    CHECK_EQUAL(-1, httpd_req_to_sockfd(&stray));
    return true;
}

bool check_http_uris(const check_t *check)
{
    httpd_handle_t server = NULL;
    const httpd_config_t config = other_config();
    const httpd_uri_t get = {.uri = "/a", .method = HTTP_GET, .handler = on_request};
    const httpd_uri_t post = {.uri = "/a", .method = HTTP_POST, .handler = on_request};
    const httpd_uri_t third = {.uri = "/b", .method = HTTP_GET, .handler = on_request};

    CHECK_EQUAL(ESP_OK, httpd_start(&server, &config));
    CHECK_EQUAL(ESP_OK, httpd_register_uri_handler(server, &get));
    CHECK_EQUAL(ESP_ERR_HTTPD_HANDLER_EXISTS, httpd_register_uri_handler(server, &get));
    CHECK_EQUAL(ESP_OK, httpd_register_uri_handler(server, &post));
    CHECK_EQUAL(ESP_ERR_HTTPD_HANDLERS_FULL, httpd_register_uri_handler(server, &third));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_unregister_uri_handler(server, "/a", HTTP_PUT));
    CHECK_EQUAL(ESP_OK, httpd_unregister_uri_handler(server, "/a", HTTP_GET));
    CHECK_EQUAL(ESP_OK, httpd_register_uri_handler(server, &third));
    CHECK_EQUAL(ESP_OK, httpd_unregister_uri(server, "/a"));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_unregister_uri(server, "/a"));
    CHECK_EQUAL(ESP_OK, httpd_unregister_uri(server, "/b"));
    CHECK_EQUAL(ESP_OK, httpd_register_uri_handler(server, &get));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_sess_trigger_close(server, 3));
    CHECK_EQUAL(ESP_OK, httpd_stop(server));
    return true;
}

static bool matches(const char *template, const char *uri)
{
    return httpd_uri_match_wildcard(template, uri, strlen(uri));
}

bool check_http_wildcards(const check_t *check)
{
    CHECK(matches("/", "/"));
    CHECK(!matches("/", "/a"));
    CHECK(matches("*", ""));
    CHECK(matches("*", "/anything"));
    CHECK(matches("/api/*", "/api/"));
    CHECK(matches("/api/*", "/api/status/now"));
    CHECK(!matches("/api/*", "/api"));
    CHECK(matches("/path/?", "/path"));
    CHECK(matches("/path/?", "/path/"));
    CHECK(!matches("/path/?", "/path/x"));
    CHECK(matches("/path/?*", "/path"));
    CHECK(matches("/path/?*", "/path/x"));
    CHECK(!matches("/path/?*", "/pathx"));
    CHECK(matches("/path/*?", "/path/x"));
    CHECK(!matches("?", ""));
    // the length counts, not the end of the string
    CHECK(httpd_uri_match_wildcard("/a", "/a?b=c", 2));
    return true;
}

bool check_http_queries(const check_t *check)
{
    char value[8];

    CHECK_EQUAL(ESP_OK, httpd_query_key_value("a=1&bb=22&c=", "bb", value, sizeof(value)));
    CHECK_EQUAL(0, strcmp("22", value));
    CHECK_EQUAL(ESP_OK, httpd_query_key_value("a=1&bb=22&c=", "A", value, sizeof(value)));
    CHECK_EQUAL(0, strcmp("1", value));
    CHECK_EQUAL(ESP_OK, httpd_query_key_value("a=1&bb=22&c=", "c", value, sizeof(value)));
    CHECK_EQUAL(0, strcmp("", value));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_query_key_value("a=1&bb=22", "b", value, sizeof(value)));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_query_key_value("", "b", value, sizeof(value)));
    // a word without a value takes the next pair for its own
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_query_key_value("flag&b=1", "b", value, sizeof(value)));
    CHECK_EQUAL(ESP_OK, httpd_query_key_value("flag&b=1&c=2", "c", value, sizeof(value)));
    CHECK_EQUAL(ESP_ERR_NOT_FOUND, httpd_query_key_value(" b=1", "b", value, sizeof(value)));
    CHECK_EQUAL(ESP_ERR_HTTPD_RESULT_TRUNC, httpd_query_key_value("a=123456789", "a", value, sizeof(value)));
    CHECK_EQUAL(0, strcmp("1234567", value));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, httpd_query_key_value(NULL, "a", value, sizeof(value)));
    return true;
}
