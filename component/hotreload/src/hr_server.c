/* SPDX-License-Identifier: MIT */
/* The HTTP endpoints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "esp_http_server.h"
#include "esp_log.h"
#include "hotreload.h"
#include "hr_answer.h"
#include "hr_check.h"
#include "hr_lifecycle.h"
#include "hr_lock.h"
#include "hr_operation.h"
#include "hr_store.h"
#include "hr_upload.h"

static const char *TAG = "hotreload";

#define LABEL_SIZE 17
/* a refused body up to this size is read and dropped, so that the client sees the answer and not
   a reset connection */
#define DRAIN_MAX (1024 * 1024)

typedef struct {
    httpd_handle_t httpd;
    char label[LABEL_SIZE];
    hotreload_config_t config;
    hr_upload_target_t upload;
} server_t;

static hr_lock_t lock;
static server_t *server;

/* Whether the end of the body can be found, where the next request starts. */
static bool can_drain(const httpd_req_t *request, esp_err_t err)
{
    return err != HOTRELOAD_ERR_LENGTH_REQUIRED && err != HOTRELOAD_ERR_BODY_TIMEOUT
           && err != HOTRELOAD_ERR_BODY_TRUNCATED && request->content_len <= DRAIN_MAX;
}

static esp_err_t answer_error(httpd_req_t *request, esp_err_t err, const hr_report_t *report)
{
    esp_err_t sent = hr_answer_error(request, err, report);
    return can_drain(request, err) ? sent : ESP_FAIL; /* a failure closes the connection */
}

static esp_err_t answer_loaded(httpd_req_t *request)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    return hr_answer_ok(request, "\"module\":%" PRIu32 ",\"size\":%" PRIu32, status.module,
                        status.size);
}

static esp_err_t handle_upload(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    hr_lifecycle_status_t status;
    hr_report_t report;
    uint32_t size;
    esp_err_t err = hr_upload_receive(request, &self->upload, &size, &report);
    if (err != ESP_OK) {
        return answer_error(request, err, &report);
    }
    hr_lifecycle_status(&status);
    return hr_answer_ok(request, "\"module\":%" PRIu32 ",\"size\":%" PRIu32, status.module, size);
}

static esp_err_t handle_reload(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    hr_report_t report;
    esp_err_t err = hr_lifecycle_reload(&self->config, &report);
    return err == ESP_OK ? answer_loaded(request) : answer_error(request, err, &report);
}

static esp_err_t handle_upload_and_reload(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    hr_report_t report;
    uint32_t size;
    esp_err_t err = hr_upload_receive(request, &self->upload, &size, &report);
    if (err == ESP_OK) {
        err = hr_lifecycle_reload(&self->config, &report);
    }
    return err == ESP_OK ? answer_loaded(request) : answer_error(request, err, &report);
}

static void describe_last_error(char *text, size_t size)
{
    hr_report_t report;
    char message[HR_ANSWER_ESCAPED_SIZE];
    esp_err_t err = hr_operation_last_error(&report);
    if (err == ESP_OK) {
        snprintf(text, size, "null");
        return;
    }
    hr_answer_escape(message, &report);
    snprintf(text, size, "{\"error\":\"%s\",\"message\":\"%s\"}", hotreload_err_to_name(err),
             message);
}

static esp_err_t handle_status(httpd_req_t *request)
{
    const server_t *self = request->user_ctx;
    hr_lifecycle_status_t status;
    char last_error[HR_ANSWER_ESCAPED_SIZE + 64];
    hr_lifecycle_status(&status);
    describe_last_error(last_error, sizeof(last_error));
    return hr_answer_ok(
        request,
        "\"loaded\":%s,\"module\":%" PRIu32 ",\"size\":%" PRIu32 ",\"loads\":%" PRIu32
        ",\"text\":{\"address\":\"0x%08" PRIx32 "\",\"size\":%" PRIu32 "}"
        ",\"data\":{\"address\":\"0x%08" PRIx32 "\",\"size\":%" PRIu32 "}"
        ",\"partition\":\"%s\",\"max_size\":%" PRIu32
        ",\"heap\":{\"data_free\":%" PRIu32 ",\"exec_free\":%" PRIu32 ",\"exec_largest\":%" PRIu32
        "},\"last_error\":%s",
        status.module != 0 ? "true" : "false", status.module, status.size, status.loads,
        status.text_address, status.text_size, status.data_address, status.data_size,
        self->label, (uint32_t)self->upload.max_size,
        (uint32_t)heap_caps_get_free_size(MALLOC_CAP_8BIT),
        (uint32_t)heap_caps_get_free_size(MALLOC_CAP_EXEC),
        (uint32_t)heap_caps_get_largest_free_block(MALLOC_CAP_EXEC), last_error);
}

static const httpd_uri_t endpoints[] = {
    {.uri = "/upload", .method = HTTP_POST, .handler = handle_upload},
    {.uri = "/reload", .method = HTTP_POST, .handler = handle_reload},
    {.uri = "/upload-and-reload", .method = HTTP_POST, .handler = handle_upload_and_reload},
    {.uri = "/status", .method = HTTP_GET, .handler = handle_status},
};

#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

static esp_err_t start_httpd(server_t *self, uint16_t port)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = port;
    config.ctrl_port++; /* the default one belongs to a server of the application */
    config.stack_size = CONFIG_HOTRELOAD_SERVER_STACK_SIZE;
    config.task_priority = CONFIG_HOTRELOAD_SERVER_PRIORITY;
    config.max_uri_handlers = ENDPOINTS;
    config.recv_wait_timeout = (CONFIG_HOTRELOAD_RECV_TIMEOUT_MS + 999) / 1000;
    config.lru_purge_enable = true; /* idle clients make room for new ones */
    esp_err_t err = httpd_start(&self->httpd, &config);
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
    esp_err_t err = hr_check_label(config->partition_label, report);
    if (err == ESP_OK) {
        err = hr_check_table(config->symbol_table, config->symbol_names, config->symbol_count,
                             report);
    }
    return err;
}

static void configure(server_t *self, const hotreload_server_config_t *config,
                      const hr_store_t *store)
{
    size_t capacity = hr_store_capacity(store);
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
    hr_store_t store;
    if (server != NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "the server is running");
    }
    esp_err_t err = hr_store_open(&store, config->partition_label, report);
    if (err != ESP_OK) {
        return err;
    }
    server_t *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the server");
    }
    uint16_t port = config->port != 0 ? config->port : HOTRELOAD_PORT_DEFAULT;
    configure(self, config, &store);
    err = start_httpd(self, port);
    if (err != ESP_OK) {
        free(self);
        return hr_reject(report, err, "no HTTP server on port %u", port);
    }
    server = self;
    ESP_LOGI(TAG, "server on port %u, partition %s", port, self->label);
    ESP_LOGW(TAG, "anyone on the network can run code on this device by uploading it");
    return ESP_OK;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    hr_report_t report;
    esp_err_t err = check_config(config, &report);
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
    esp_err_t err = httpd_stop(server->httpd);
    if (err != ESP_OK) {
        return hr_reject(report, err, "the HTTP server does not stop");
    }
    free(server);
    server = NULL;
    return ESP_OK;
}

esp_err_t hotreload_server_stop(void)
{
    hr_report_t report;
    hr_lock_take(&lock);
    esp_err_t err = stop(&report);
    hr_lock_give(&lock);
    return err == ESP_OK ? err : hr_operation_refuse("server_stop", err, &report);
}
