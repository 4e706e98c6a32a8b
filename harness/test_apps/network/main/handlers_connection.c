// What outlives a request: contexts of connections, work for the server's task, the server itself.
// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "server.h"

static const char *TAG = "network";

static unsigned freed_contexts;

static void free_context(void *context)
{
    freed_contexts++;
    free(context);
}

// counts the requests of its connection
static esp_err_t on_session(httpd_req_t *request)
{
    if (!request->sess_ctx) {
        request->sess_ctx = calloc(1, sizeof(unsigned));
        request->free_ctx = free_context;
    }
    unsigned *count = request->sess_ctx;
    if (!count) {
        return ESP_ERR_NO_MEM;
    }
    (*count)++;
    return send_json(request, "{\"requests\":%u,\"freed\":%u,\"socket\":%d}", *count, freed_contexts,
                     httpd_req_to_sockfd(request));
}

static esp_err_t on_new_session(httpd_req_t *request)
{
    request->sess_ctx = calloc(1, sizeof(unsigned));
    request->free_ctx = free_context;
    return on_session(request);
}

static esp_err_t on_slow(httpd_req_t *request)
{
    unsigned ms = query_number(request, "ms", 100);

    ESP_LOGI(TAG, "slow handler begins");
    vTaskDelay(pdMS_TO_TICKS(ms));
    return send_json(request, "{\"slept\":%u}", ms);
}

static esp_err_t on_close(httpd_req_t *request)
{
    ESP_ERROR_CHECK(httpd_sess_trigger_close(request->handle, httpd_req_to_sockfd(request)));
    return httpd_resp_sendstr(request, "closing");
}

// --- an answer that is sent by the server's task after its handler has returned

typedef struct {
    httpd_handle_t server;
    int fd;
} late_answer_t;

static void answer_late(void *argument)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate";
    late_answer_t *late = argument;

    httpd_socket_send(late->server, late->fd, answer, sizeof(answer) - 1, 0);
    free(late);
}

static esp_err_t on_late(httpd_req_t *request)
{
    late_answer_t *late = malloc(sizeof(*late));
    if (!late) {
        return ESP_ERR_NO_MEM;
    }
    *late = (late_answer_t){.server = request->handle, .fd = httpd_req_to_sockfd(request)};
    return httpd_queue_work(request->handle, answer_late, late);
}

static esp_err_t on_restart(httpd_req_t *request)
{
    esp_err_t err = httpd_resp_sendstr(request, "restarting");
    server_restart_later(query_number(request, "purging", true));
    return err;
}

static esp_err_t on_restart_by_event(httpd_req_t *request)
{
    esp_err_t err = httpd_resp_sendstr(request, "restarting");
    server_restart_by_event();
    return err;
}

// a server in the server: the control port and the port are what two of them cannot share
static esp_err_t on_second_server(httpd_req_t *request)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    httpd_handle_t second = NULL;

    config.max_open_sockets = 1;
    config.server_port = SERVER_PORT + 1;
    esp_err_t same_control = httpd_start(&second, &config);
    config.ctrl_port = ESP_HTTPD_DEF_CTRL_PORT + 1;
    config.server_port = SERVER_PORT;
    esp_err_t same_port = httpd_start(&second, &config);
    config.server_port = SERVER_PORT + 1;
    esp_err_t own = httpd_start(&second, &config);
    esp_err_t stop = own == ESP_OK ? httpd_stop(second) : ESP_FAIL;
    esp_err_t self = httpd_stop(request->handle);

    return send_json(request, "{\"same_control\":%d,\"same_port\":%d,\"own\":%d,\"stop\":%d,\"self\":%d}",
                     same_control, same_port, own, stop, self);
}

// --- events of the server, counted while somebody asks for them

static unsigned event_counts[HTTP_SERVER_EVENT_STOP + 1];
static esp_event_handler_instance_t event_counter;

static void count_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)argument;
    (void)base;
    (void)data;
    event_counts[id]++;
}

static esp_err_t on_count_events(httpd_req_t *request)
{
    memset(event_counts, 0, sizeof(event_counts));
    ESP_ERROR_CHECK(esp_event_handler_instance_register(ESP_HTTP_SERVER_EVENT, ESP_EVENT_ANY_ID, count_event, NULL,
                                                        &event_counter));
    return httpd_resp_sendstr(request, "counting");
}

static esp_err_t on_counted_events(httpd_req_t *request)
{
    ESP_ERROR_CHECK(esp_event_handler_instance_unregister(ESP_HTTP_SERVER_EVENT, ESP_EVENT_ANY_ID, event_counter));
    return send_json(request, "[%u,%u,%u,%u,%u,%u,%u]", event_counts[HTTP_SERVER_EVENT_ERROR],
                     event_counts[HTTP_SERVER_EVENT_ON_CONNECTED], event_counts[HTTP_SERVER_EVENT_ON_HEADER],
                     event_counts[HTTP_SERVER_EVENT_HEADERS_SENT], event_counts[HTTP_SERVER_EVENT_ON_DATA],
                     event_counts[HTTP_SERVER_EVENT_SENT_DATA], event_counts[HTTP_SERVER_EVENT_DISCONNECTED]);
}

void register_connection_handlers(httpd_handle_t server)
{
    register_handler(server, HTTP_GET, "/session", on_session);
    register_handler(server, HTTP_GET, "/session/new", on_new_session);
    register_handler(server, HTTP_GET, "/slow", on_slow);
    register_handler(server, HTTP_GET, "/close", on_close);
    register_handler(server, HTTP_GET, "/late", on_late);
    register_handler(server, HTTP_POST, "/restart", on_restart);
    register_handler(server, HTTP_POST, "/restart/by-event", on_restart_by_event);
    register_handler(server, HTTP_POST, "/events/count", on_count_events);
    register_handler(server, HTTP_POST, "/events/counted", on_counted_events);
    register_handler(server, HTTP_POST, "/second-server", on_second_server);
}
