// SPDX-License-Identifier: MIT
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static const char *TAG = "network";

ESP_EVENT_DEFINE_BASE(RESTART_EVENT);

static httpd_handle_t server;
static unsigned opened;
static unsigned closed;

unsigned server_opened(void)
{
    return opened;
}

unsigned server_closed(void)
{
    return closed;
}

static esp_err_t on_open(httpd_handle_t handle, int fd)
{
    (void)handle;
    (void)fd;
    opened++;
    return ESP_OK;
}

static void on_close(httpd_handle_t handle, int fd)
{
    (void)handle;
    closed++;
    close(fd);
}

// keeps the connection when it is asked to
static esp_err_t on_not_found(httpd_req_t *request, httpd_err_code_t error)
{
    char keep[2];

    httpd_resp_set_status(request, HTTPD_404);
    bool is_kept = httpd_req_get_hdr_value_str(request, "X-Keep", keep, sizeof(keep)) == ESP_OK;
    send_json(request, "{\"error\":%d,\"uri\":\"%s\"}", (int)error, request->uri);
    return is_kept ? ESP_OK : ESP_FAIL;
}

void server_start(bool is_purging)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();

    config.server_port = SERVER_PORT;
    config.max_open_sockets = SERVER_SOCKETS;
    config.max_uri_handlers = 32;
    config.lru_purge_enable = is_purging;
    config.recv_wait_timeout = SERVER_TIMEOUT_S;
    config.send_wait_timeout = SERVER_TIMEOUT_S;
    config.stack_size = 6144;
    config.open_fn = on_open;
    config.close_fn = on_close;
    config.uri_match_fn = httpd_uri_match_wildcard;

    ESP_ERROR_CHECK(httpd_start(&server, &config));
    ESP_ERROR_CHECK(httpd_register_err_handler(server, HTTPD_404_NOT_FOUND, on_not_found));
    register_body_handlers(server);
    register_connection_handlers(server);
    register_request_handlers(server);
    register_board_handlers(server);
    ESP_LOGI(TAG, "server started");
}

static void restart(bool is_purging)
{
    ESP_ERROR_CHECK(httpd_stop(server));
    ESP_LOGI(TAG, "server stopped, connections opened %u closed %u", opened, closed);
    server_start(is_purging);
}

static void restart_task(void *argument)
{
    restart(argument != NULL);
    vTaskDelete(NULL);
}

static void on_restart_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    (void)base;
    (void)id;
    (void)data;
    restart(true);
}

void server_restart_later(bool is_purging)
{
    xTaskCreate(restart_task, "restart", 4096, (void *)(uintptr_t)is_purging, tskIDLE_PRIORITY + 1, NULL);
}

void server_restart_by_event(void)
{
    ESP_ERROR_CHECK(esp_event_handler_register(RESTART_EVENT, 0, on_restart_event, NULL));
    ESP_ERROR_CHECK(esp_event_post(RESTART_EVENT, 0, NULL, 0, portMAX_DELAY));
}

void register_handler(httpd_handle_t handle, httpd_method_t method, const char *uri,
                      esp_err_t (*handler)(httpd_req_t *request))
{
    const httpd_uri_t description = {.uri = uri, .method = method, .handler = handler};
    ESP_ERROR_CHECK(httpd_register_uri_handler(handle, &description));
}

unsigned query_number(httpd_req_t *request, const char *key, unsigned otherwise)
{
    char query[128];
    char value[16];

    if (httpd_req_get_url_query_str(request, query, sizeof(query)) != ESP_OK ||
        httpd_query_key_value(query, key, value, sizeof(value)) != ESP_OK) {
        return otherwise;
    }
    return (unsigned)strtoul(value, NULL, 0);
}

esp_err_t send_json(httpd_req_t *request, const char *format, ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof(text)) {
        return ESP_ERR_INVALID_SIZE;
    }
    httpd_resp_set_type(request, HTTPD_TYPE_JSON);
    return httpd_resp_send(request, text, length);
}
