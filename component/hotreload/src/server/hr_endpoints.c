/* SPDX-License-Identifier: MIT */
#include "server/hr_endpoints.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_rollback.h"
#include "port/hr_lock.h"
#include "server/hr_access.h"
#include "server/hr_answer.h"
#include "server/hr_connection.h"
#include "server/hr_refusal.h"
#include "server/hr_request.h"
#include "server/hr_status.h"
#include "server/hr_upload.h"

#ifdef CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE
#define IS_COOPERATIVE true
#else
#define IS_COOPERATIVE false
#endif

/* A reload that an upload's task asks the server's task for. */
typedef struct {
    TaskHandle_t waiting;
    esp_err_t err;
    hr_report_t report;
} reload_t;

static hr_lock_t turn; /* of the request that is being handled */
static bool is_open;

/* changed while they are closed */
static httpd_handle_t server;
static char label[HR_ENDPOINTS_LABEL_SIZE];
static hotreload_config_t module;
static hr_upload_target_t target;

/* What /reload does, in the server's task. */
static esp_err_t reload(hr_report_t *report)
{
    if (IS_COOPERATIVE) {
        return hotreload_update_available()
                   ? ESP_OK
                   : hr_reject(report, HOTRELOAD_ERR_NO_UPDATE, "no update waits for a reload");
    }
    return hr_lifecycle_reload(&module, report);
}

/* What /rollback does. An application that chooses the moment finds the other module waiting. */
static esp_err_t roll_back(hr_report_t *report)
{
    return IS_COOPERATIVE ? hr_rollback_request(label, report)
                          : hr_lifecycle_rollback(&module, report);
}

static esp_err_t retry(hr_report_t *report)
{
    return hr_lifecycle_retry(label, report);
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
    esp_err_t (*run)(hr_report_t *report);
    void (*describe)(hr_answer_t *answer);
} command_t;

static const command_t reload_command = {"reload", reload, describe_reloaded};
static const command_t rollback_command = {"rollback", roll_back, describe_reloaded};
static const command_t confirm_command = {
    "confirm", hr_lifecycle_confirm, hr_status_describe_module};
static const command_t retry_command = {"retry", retry, hr_status_describe_module};

static esp_err_t handle_command(httpd_req_t *request)
{
    const command_t *command = request->user_ctx;
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
    err = command->run(&report);
    if (err == ESP_OK) {
        command->describe(&answer);
    } else {
        hr_answer_error(&answer, err, &report);
    }
    return hr_answer_send(&answer, request);
}

static esp_err_t handle_upload(httpd_req_t *request)
{
    return hr_upload_handle(request, &target, hr_status_describe_upload);
}

static void run_reload(void *argument)
{
    reload_t *asked = argument;
    asked->err = reload(&asked->report);
    xTaskNotifyGive(asked->waiting);
}

/* Hooks always run in the server's task, in which an upload to a server of the application is. */
static esp_err_t reload_in_server(hr_report_t *report)
{
    if (!hr_connection_owns(server)) {
        return reload(report);
    }
    reload_t asked = {.waiting = xTaskGetCurrentTaskHandle()};
    esp_err_t err = httpd_queue_work(server, run_reload, &asked);
    if (err != ESP_OK) {
        return hr_reject(report, err, "the server's task does not take the reload");
    }
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    *report = asked.report;
    return asked.err;
}

static void finish_upload_and_reload(hr_answer_t *answer, size_t size)
{
    (void)size;
    hr_report_t report;
    esp_err_t err = reload_in_server(&report);
    if (err == ESP_OK) {
        describe_reloaded(answer);
    } else {
        hr_answer_error(answer, err, &report);
    }
}

static esp_err_t handle_upload_and_reload(httpd_req_t *request)
{
    return hr_upload_handle(request, &target, finish_upload_and_reload);
}

static esp_err_t handle_status(httpd_req_t *request)
{
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
    hr_status_describe(&answer, label, target.max_size);
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

#if CONFIG_HOTRELOAD_WEB_PAGE

/* page.html, compressed by the build, see CMakeLists.txt */
extern const uint8_t hotreload_page[];
extern const size_t hotreload_page_size;

/* The page needs nothing of any other place, and no other page may show it in a frame. */
#define POLICY                                                                          \
    "default-src 'none';connect-src 'self';img-src data:;script-src 'unsafe-inline';" \
    "style-src 'unsafe-inline';frame-ancestors 'none'"

/* For people: it asks /status for what it shows, and sends a module that is dropped on it to
   /upload-and-reload. */
static esp_err_t handle_page(httpd_req_t *request)
{
    hr_report_t report;
    esp_err_t err = hr_refusal_check_no_body(request, &report);
    if (err != ESP_OK) {
        return hr_refusal_answer(request, err, &report);
    }
    httpd_resp_set_type(request, "text/html");
    httpd_resp_set_hdr(request, "Content-Encoding", "gzip");
    httpd_resp_set_hdr(request, "Content-Security-Policy", POLICY);
    httpd_resp_set_hdr(request, "Cache-Control", "no-cache");
    return httpd_resp_send(request, (const char *)hotreload_page, (ssize_t)hotreload_page_size);
}

#endif

static const httpd_uri_t endpoints[] = {
    {.uri = "/upload", .method = HTTP_POST, .handler = handle_upload},
    {.uri = "/reload", .method = HTTP_POST, .handler = handle_command,
     .user_ctx = (void *)&reload_command},
    {.uri = "/upload-and-reload", .method = HTTP_POST, .handler = handle_upload_and_reload},
    {.uri = "/confirm", .method = HTTP_POST, .handler = handle_command,
     .user_ctx = (void *)&confirm_command},
    {.uri = "/rollback", .method = HTTP_POST, .handler = handle_command,
     .user_ctx = (void *)&rollback_command},
    {.uri = "/retry", .method = HTTP_POST, .handler = handle_command,
     .user_ctx = (void *)&retry_command},
    {.uri = "/status", .method = HTTP_GET, .handler = handle_status},
    {.uri = "/pending", .method = HTTP_GET, .handler = handle_pending},
#if CONFIG_HOTRELOAD_AUTH
    {.uri = "/nonce", .method = HTTP_GET, .handler = hr_access_handle_nonce},
#endif
#if CONFIG_HOTRELOAD_WEB_PAGE
    {.uri = "/", .method = HTTP_GET, .handler = handle_page},
#endif
    {.uri = NULL},
};

const unsigned hr_endpoints_count = sizeof(endpoints) / sizeof(endpoints[0]) - 1;

/* An application has a front page of its own. */
static unsigned count_in(httpd_handle_t httpd)
{
#if CONFIG_HOTRELOAD_WEB_PAGE
    return hr_connection_owns(httpd) ? hr_endpoints_count : hr_endpoints_count - 1;
#else
    (void)httpd;
    return hr_endpoints_count;
#endif
}

static esp_err_t run(httpd_req_t *request)
{
    const httpd_uri_t *endpoint = request->user_ctx;
    hr_report_t report;
    if (!is_open) {
        hr_reject(&report, HOTRELOAD_ERR_STOPPED, "the server is being stopped");
        return hr_refusal_answer(request, HOTRELOAD_ERR_STOPPED, &report);
    }
    request->user_ctx = endpoint->user_ctx;
    return endpoint->handler(request);
}

static esp_err_t handle(httpd_req_t *request)
{
    if (!hr_request_has_body(request)) {
        hr_connection_end_headers(); /* with a body it is over when the connection is */
    }
    hr_lock_take(&turn);
    esp_err_t err = run(request);
    hr_lock_give(&turn);
    return err;
}

static void configure(const hotreload_server_config_t *config, size_t capacity)
{
    size_t max_size = config->max_elf_size != 0 ? config->max_elf_size
                                                : CONFIG_HOTRELOAD_MAX_ELF_SIZE;
    strlcpy(label, config->partition_label, sizeof(label));
    module = (hotreload_config_t) {
        .partition_label = label,
        .symbol_table = config->symbol_table,
        .symbol_names = config->symbol_names,
        .symbol_count = config->symbol_count,
    };
    target = (hr_upload_target_t) {
        .partition_label = label,
        .max_size = max_size < capacity ? max_size : capacity,
        .exports = {config->symbol_names, config->symbol_count},
    };
}

static esp_err_t reject_endpoint(const httpd_uri_t *endpoint, unsigned left, esp_err_t err,
                                 hr_report_t *report)
{
    switch (err) {
    case ESP_ERR_HTTPD_HANDLERS_FULL:
        return hr_reject(report, err, "no room for %s: max_uri_handlers has to be %u larger",
                         endpoint->uri, left);
    case ESP_ERR_HTTPD_HANDLER_EXISTS:
        return hr_reject(report, err, "the server has a handler for %s already: one with a "
                         "wildcard has to be registered behind these", endpoint->uri);
    default:
        return hr_reject(report, err, "the server does not take %s", endpoint->uri);
    }
}

/* The first `count` of them. */
static void unregister(httpd_handle_t httpd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        httpd_unregister_uri_handler(httpd, endpoints[i].uri, endpoints[i].method);
    }
}

static esp_err_t register_all(httpd_handle_t httpd, hr_report_t *report)
{
    for (unsigned i = 0; i < count_in(httpd); i++) {
        httpd_uri_t endpoint = endpoints[i];
        endpoint.handler = handle;
        endpoint.user_ctx = (void *)&endpoints[i];
        esp_err_t err = httpd_register_uri_handler(httpd, &endpoint);
        if (err != ESP_OK) {
            unregister(httpd, i);
            return reject_endpoint(&endpoints[i], count_in(httpd) - i, err, report);
        }
    }
    return ESP_OK;
}

static void set_open(bool open)
{
    hr_lock_take(&turn);
    is_open = open;
    hr_lock_give(&turn);
}

esp_err_t hr_endpoints_open(httpd_handle_t httpd, const hotreload_server_config_t *config,
                            size_t capacity, hr_report_t *report)
{
    configure(config, capacity);
    server = httpd;
    if (hr_connection_owns(httpd)) {
        hr_refusal_register(httpd, endpoints);
    }
    set_open(true);
    esp_err_t err = register_all(httpd, report);
    if (err != ESP_OK) {
        hr_endpoints_close();
    }
    return err;
}

void hr_endpoints_close(void)
{
    set_open(false);
}

void hr_endpoints_unregister(httpd_handle_t httpd)
{
    unregister(httpd, count_in(httpd));
}
