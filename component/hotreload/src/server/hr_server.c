/* SPDX-License-Identifier: MIT */
/* The HTTP endpoints. */
#include <stdlib.h>
#include <string.h>

#include "esp_http_server.h"
#include "esp_log.h"
#include "hotreload.h"
#include "server/hr_access.h"
#include "server/hr_answer.h"
#include "lifecycle/hr_check.h"
#include "server/hr_connection.h"
#include "server/hr_headers.h"
#include "lifecycle/hr_lifecycle.h"
#include "port/hr_lock.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_overview.h"
#include "lifecycle/hr_rollback.h"
#include "server/hr_refusal.h"
#include "server/hr_status.h"
#include "server/hr_upload.h"

static const char *TAG = "hotreload";

#define LABEL_SIZE 17
/* what HTTPD_DEFAULT_CONFIG() allows; those that leave the server count as well */
#define CONNECTIONS 7

#ifdef CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE
#define IS_COOPERATIVE true
#else
#define IS_COOPERATIVE false
#endif

typedef struct {
    httpd_handle_t httpd;
    char label[LABEL_SIZE];
    hotreload_config_t config;
    hr_upload_target_t upload;
} server_t;

/* A reload that an upload's task asks the server's task for. */
typedef struct {
    const server_t *server;
    TaskHandle_t waiting;
    esp_err_t err;
    hr_report_t report;
} reload_t;

static hr_lock_t lock;
static server_t *server;

/* What /reload does, in the server's task. */
static esp_err_t reload(const server_t *self, hr_report_t *report)
{
    if (IS_COOPERATIVE) {
        return hotreload_update_available()
                   ? ESP_OK
                   : hr_reject(report, HOTRELOAD_ERR_NO_UPDATE, "no update waits for a reload");
    }
    return hr_lifecycle_reload(&self->config, report);
}

/* What /rollback does. An application that chooses the moment finds the other module waiting. */
static esp_err_t roll_back(const server_t *self, hr_report_t *report)
{
    return IS_COOPERATIVE ? hr_rollback_request(self->label, report)
                          : hr_lifecycle_rollback(&self->config, report);
}

static esp_err_t confirm(const server_t *self, hr_report_t *report)
{
    (void)self;
    return hr_lifecycle_confirm(report);
}

static esp_err_t retry(const server_t *self, hr_report_t *report)
{
    return hr_lifecycle_retry(self->label, report);
}

static void describe_reloaded(hr_answer_t *answer)
{
    if (IS_COOPERATIVE) {
        hr_status_describe_accepted(answer);
    } else {
        hr_status_describe_module(answer);
    }
}

/* A request without a body that changes something. */
typedef struct {
    const char *name;
    esp_err_t (*run)(const server_t *self, hr_report_t *report);
    void (*describe)(hr_answer_t *answer);
} command_t;

static esp_err_t handle_command(httpd_req_t *request, const command_t *command)
{
    hr_report_t report;
    char body[HR_ANSWER_SIZE];
    hr_answer_t answer = {.body = body, .size = sizeof(body)};
    hr_access_t access;
    esp_err_t err = hr_access_check(request, &access, &report);
    if (err == ESP_OK) {
        err = hr_refusal_check_no_body(request, &report);
    }
    if (err != ESP_OK) {
        hr_operation_refuse(command->name, err, &report);
        return hr_refusal_answer(request, err, &report);
    }
    err = command->run(request->user_ctx, &report);
    if (err == ESP_OK) {
        command->describe(&answer);
    } else {
        hr_answer_error(&answer, err, &report);
    }
    return hr_answer_send(&answer, request);
}

static esp_err_t handle_reload(httpd_req_t *request)
{
    return handle_command(request, &(command_t) {"reload", reload, describe_reloaded});
}

static esp_err_t handle_rollback(httpd_req_t *request)
{
    return handle_command(request, &(command_t) {"rollback", roll_back, describe_reloaded});
}

static esp_err_t handle_confirm(httpd_req_t *request)
{
    return handle_command(request, &(command_t) {"confirm", confirm, hr_status_describe_module});
}

static esp_err_t handle_retry(httpd_req_t *request)
{
    return handle_command(request, &(command_t) {"retry", retry, hr_status_describe_module});
}

static void finish_upload(uint32_t size, void *context, hr_answer_t *answer)
{
    (void)context;
    hr_status_describe_upload(answer, size);
}

static esp_err_t handle_upload(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    return hr_upload_handle(request, &self->upload, finish_upload);
}

static void reload_in_server(void *argument)
{
    reload_t *asked = argument;
    asked->err = reload(asked->server, &asked->report);
    xTaskNotifyGive(asked->waiting);
}

/* Hooks always run in the server's task. */
static void finish_upload_and_reload(uint32_t size, void *context, hr_answer_t *answer)
{
    (void)size;
    const server_t *self = context;
    reload_t asked = {.server = self, .waiting = xTaskGetCurrentTaskHandle()};
    esp_err_t err = httpd_queue_work(self->httpd, reload_in_server, &asked);
    if (err != ESP_OK) {
        hr_reject(&asked.report, err, "the server's task does not take the reload");
    } else {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        err = asked.err;
    }
    if (err == ESP_OK) {
        describe_reloaded(answer);
    } else {
        hr_answer_error(answer, err, &asked.report);
    }
}

static esp_err_t handle_upload_and_reload(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    return hr_upload_handle(request, &self->upload, finish_upload_and_reload);
}

static esp_err_t handle_status(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    hr_report_t report;
    esp_err_t err = hr_refusal_check_no_body(request, &report);
    if (err != ESP_OK) {
        return hr_refusal_answer(request, err, &report);
    }
    char *body = malloc(HR_STATUS_SIZE); /* too large for the stack, which hooks use as well */
    if (body == NULL) {
        err = hr_reject(&report, ESP_ERR_NO_MEM, "no memory for the status");
        return hr_refusal_answer(request, err, &report);
    }
    hr_answer_t answer = {.body = body, .size = HR_STATUS_SIZE};
    hr_status_describe(&answer, self->label, self->upload.max_size);
    err = hr_answer_send(&answer, request);
    free(body);
    return err;
}

static esp_err_t handle_pending(httpd_req_t *request)
{
    hr_report_t report;
    char body[HR_ANSWER_SIZE];
    hr_answer_t answer = {.body = body, .size = sizeof(body)};
    esp_err_t err = hr_refusal_check_no_body(request, &report);
    if (err != ESP_OK) {
        return hr_refusal_answer(request, err, &report);
    }
    hr_status_describe_pending(&answer);
    return hr_answer_send(&answer, request);
}

static const httpd_uri_t endpoints[] = {
    {.uri = "/upload", .method = HTTP_POST, .handler = handle_upload},
    {.uri = "/reload", .method = HTTP_POST, .handler = handle_reload},
    {.uri = "/upload-and-reload", .method = HTTP_POST, .handler = handle_upload_and_reload},
    {.uri = "/confirm", .method = HTTP_POST, .handler = handle_confirm},
    {.uri = "/rollback", .method = HTTP_POST, .handler = handle_rollback},
    {.uri = "/retry", .method = HTTP_POST, .handler = handle_retry},
    {.uri = "/status", .method = HTTP_GET, .handler = handle_status},
    {.uri = "/pending", .method = HTTP_GET, .handler = handle_pending},
#if CONFIG_HOTRELOAD_AUTH
    {.uri = "/nonce", .method = HTTP_GET, .handler = hr_access_handle_nonce},
#endif
    {.uri = NULL},
};

#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]) - 1)

static esp_err_t start_httpd(server_t *self, uint16_t port)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = port;
    config.ctrl_port++; /* the default one belongs to a server of the application */
    config.stack_size = CONFIG_HOTRELOAD_SERVER_STACK_SIZE;
    config.task_priority = CONFIG_HOTRELOAD_SERVER_PRIORITY;
    config.max_uri_handlers = ENDPOINTS;
    config.max_open_sockets = CONNECTIONS - HR_CONNECTION_MAX;
    config.lru_purge_enable = true; /* idle clients make room for new ones */
    config.open_fn = hr_headers_open;
    config.close_fn = hr_connection_close;
    hr_connection_open();
    esp_err_t err = httpd_start(&self->httpd, &config);
    if (err == ESP_OK) {
        hr_refusal_register(self->httpd, endpoints);
    }
    for (size_t i = 0; err == ESP_OK && i < ENDPOINTS; i++) {
        httpd_uri_t endpoint = endpoints[i];
        endpoint.user_ctx = self;
        err = httpd_register_uri_handler(self->httpd, &endpoint);
        if (err != ESP_OK) {
            httpd_stop(self->httpd);
        }
    }
    return err;
}

static esp_err_t check_config(const hotreload_server_config_t *config, hr_report_t *report)
{
    if (config == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "config is NULL");
    }
    return hr_check_module(config->partition_label, config->symbol_table, config->symbol_names,
                           config->symbol_count, report);
}

static void configure(server_t *self, const hotreload_server_config_t *config, size_t capacity)
{
    size_t max_size = config->max_elf_size != 0 ? config->max_elf_size
                                                : CONFIG_HOTRELOAD_MAX_ELF_SIZE;
    strlcpy(self->label, config->partition_label, sizeof(self->label));
    self->config = (hotreload_config_t) {
        .partition_label = self->label,
        .symbol_table = config->symbol_table,
        .symbol_names = config->symbol_names,
        .symbol_count = config->symbol_count,
    };
    self->upload = (hr_upload_target_t) {
        .partition_label = self->label,
        .max_size = max_size < capacity ? max_size : capacity,
        .exports = {config->symbol_names, config->symbol_count},
    };
}

static esp_err_t start(const hotreload_server_config_t *config, hr_report_t *report)
{
    size_t capacity;
    if (server != NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "the server is running");
    }
    esp_err_t err = hr_overview_capacity(config->partition_label, &capacity, report);
    if (err == ESP_OK) {
        err = hr_access_open(report);
    }
    if (err != ESP_OK) {
        return err;
    }
    server_t *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the server");
    }
    uint16_t port = config->port != 0 ? config->port : HOTRELOAD_PORT_DEFAULT;
    configure(self, config, capacity);
    err = start_httpd(self, port);
    if (err != ESP_OK) {
        free(self);
        return hr_reject(report, err, "no HTTP server on port %u", port);
    }
    server = self;
    ESP_LOGI(TAG, "server on port %u, partition %s", port, self->label);
#if !CONFIG_HOTRELOAD_AUTH
    ESP_LOGW(TAG, "anyone on the network can run code on this device by uploading it");
#endif
    return ESP_OK;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    hr_report_t report;
    esp_err_t err = check_config(config, &report);
    if (err == ESP_OK) {
        err = hr_operation_check_outside("server_start", &report);
    }
    if (err == ESP_OK) {
        hr_lock_take(&lock);
        err = start(config, &report);
        hr_lock_give(&lock);
    }
    return err == ESP_OK ? err : hr_operation_refuse("server_start", err, &report);
}

static esp_err_t stop(hr_report_t *report)
{
    if (server == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "the server is not running");
    }
    hr_connection_shut();
    esp_err_t err = httpd_stop(server->httpd);
    if (err != ESP_OK) {
        hr_connection_open();
        return hr_reject(report, err, "the HTTP server does not stop");
    }
    free(server);
    server = NULL;
    return ESP_OK;
}

esp_err_t hotreload_server_stop(void)
{
    hr_report_t report;
    esp_err_t err = hr_operation_check_outside("server_stop", &report);
    if (err == ESP_OK) {
        hr_lock_take(&lock);
        err = stop(&report);
        hr_lock_give(&lock);
    }
    return err == ESP_OK ? err : hr_operation_refuse("server_stop", err, &report);
}
