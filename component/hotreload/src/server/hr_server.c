/* SPDX-License-Identifier: MIT */
/* The server's life: one of its own, or as a guest in one of the application.

   Our own answers everybody while an upload runs, however slow its client is. esp_http_server has one
   task for all requests, and no asynchronous handlers in the oldest releases that the component
   supports; those of later ones begin when the first byte of a body is there, and leave the headers as
   much time as they like. So uploads leave the server with their sockets: hr_connection.h says how,
   and hr_socket.h reads them then; these two are for nothing else. A server of the application has
   none of that: its requests are read by esp_http_server as those of any handler, and the README says
   what it cannot promise therefore. */
#include <stdbool.h>
#include <string.h>

#include "esp_http_server.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "hotreload.h"
#include "lifecycle/hr_check.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_overview.h"
#include "port/hr_idf.h"
#include "port/hr_lock.h"
#include "server/hr_access.h"
#include "server/hr_connection.h"
#include "server/hr_endpoints.h"
#include "server/hr_port.h"

static const char *TAG = "hotreload";

/* what HTTPD_DEFAULT_CONFIG() allows; those that leave the server count as well */
#define CONNECTIONS 7
/* clients that may knock at once: one that finds no room tries again seconds later (RFC 6298) */
#define BACKLOG 16

static hr_lock_t lock;
static httpd_handle_t httpd; /* NULL: neither started nor attached */
static bool is_attached;

static esp_err_t check_config(const hotreload_server_config_t *config, hr_report_t *report)
{
    if (config == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "config is NULL");
    }
    return hr_check_module(config->partition_label, config->symbol_table, config->symbol_names,
                           config->symbol_count, report);
}

/* What both ways to become reachable want to know first. */
static esp_err_t prepare(const hotreload_server_config_t *config, size_t *capacity,
                         hr_report_t *report)
{
    if (httpd != NULL) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "the server is %s",
                         is_attached ? "attached" : "running");
    }
    esp_err_t err = hr_overview_capacity(config->partition_label, capacity, report);
    return err == ESP_OK ? hr_access_open(report) : err;
}

static void warn_of_everyone(void)
{
#if !CONFIG_HOTRELOAD_AUTH
    ESP_LOGW(TAG, "anyone on the network can run code on this device by uploading it");
#endif
}

static esp_err_t start_httpd(httpd_handle_t *started, uint16_t port, uint16_t ctrl_port,
                             hr_report_t *report)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = port;
    config.ctrl_port = ctrl_port;
    config.stack_size = CONFIG_HOTRELOAD_SERVER_STACK_SIZE;
    config.task_priority = CONFIG_HOTRELOAD_SERVER_PRIORITY;
    config.max_uri_handlers = hr_endpoints_count;
    config.max_open_sockets = CONNECTIONS - HR_CONNECTION_MAX;
    config.backlog_conn = BACKLOG;
    config.lru_purge_enable = true; /* idle clients make room for new ones */
    config.open_fn = hr_connection_accept;
    config.close_fn = hr_connection_close;
    esp_err_t err = hr_port_check_tcp(port, report);
    if (err == ESP_OK) {
        err = hr_port_find_udp(&config.ctrl_port, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    err = httpd_start(started, &config);
    return err == ESP_OK ? err : hr_reject(report, err, "no HTTP server on port %u", port);
}

/* Interfaces that come or get their address later are not known yet. */
static void log_urls(uint16_t port)
{
    esp_netif_t *netif = NULL;
    while ((netif = hr_idf_next_netif(netif)) != NULL) {
        esp_netif_ip_info_t info;
        if (esp_netif_get_ip_info(netif, &info) == ESP_OK && info.ip.addr != 0) {
            ESP_LOGI(TAG, "http://" IPSTR ":%u on %s", IP2STR(&info.ip), port,
                     esp_netif_get_desc(netif));
        }
    }
}

static esp_err_t start(const hotreload_server_config_t *config, hr_report_t *report)
{
    size_t capacity;
    httpd_handle_t started;
    uint16_t port = config->port != 0 ? config->port : HOTRELOAD_PORT_DEFAULT;
    esp_err_t err = prepare(config, &capacity, report);
    if (err == ESP_OK) {
        err = start_httpd(&started, port, config->ctrl_port, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    hr_connection_open(started);
    err = hr_endpoints_open(started, config, capacity, report);
    if (err != ESP_OK) {
        hr_connection_shut();
        httpd_stop(started);
        return err;
    }
    httpd = started;
    is_attached = false;
    log_urls(port);
    ESP_LOGI(TAG, "server on port %u, partition %s", port, config->partition_label);
    warn_of_everyone();
    return ESP_OK;
}

static esp_err_t attach(httpd_handle_t host, const hotreload_server_config_t *config,
                        hr_report_t *report)
{
    size_t capacity;
    esp_err_t err = prepare(config, &capacity, report);
    if (err == ESP_OK) {
        hr_connection_open(NULL); /* none leaves a server of the application */
        err = hr_endpoints_open(host, config, capacity, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    httpd = host;
    is_attached = true;
    ESP_LOGI(TAG, "attached to a server of the application, partition %s",
             config->partition_label);
    warn_of_everyone();
    return ESP_OK;
}

static esp_err_t check_running(bool attached, hr_report_t *report)
{
    return httpd != NULL && is_attached == attached
               ? ESP_OK
               : hr_reject(report, ESP_ERR_INVALID_STATE, "the server is not %s",
                           attached ? "attached" : "running");
}

static esp_err_t stop(hr_report_t *report)
{
    esp_err_t err = check_running(false, report);
    if (err != ESP_OK) {
        return err;
    }
    hr_connection_shut();
    err = httpd_stop(httpd);
    if (err != ESP_OK) {
        hr_connection_open(httpd);
        return hr_reject(report, err, "the HTTP server does not stop");
    }
    hr_endpoints_close();
    httpd = NULL;
    return ESP_OK;
}

static esp_err_t detach(hr_report_t *report)
{
    esp_err_t err = check_running(true, report);
    if (err == ESP_OK) {
        hr_endpoints_unregister(httpd);
        hr_endpoints_close();
        httpd = NULL;
    }
    return err;
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

esp_err_t hotreload_server_attach(void *host, const hotreload_server_config_t *config)
{
    hr_report_t report;
    esp_err_t err = host == NULL ? hr_reject(&report, ESP_ERR_INVALID_ARG, "httpd is NULL")
                                 : check_config(config, &report);
    if (err == ESP_OK) {
        err = hr_operation_check_outside("server_attach", &report);
    }
    if (err == ESP_OK) {
        hr_lock_take(&lock);
        err = attach(host, config, &report);
        hr_lock_give(&lock);
    }
    return err == ESP_OK ? err : hr_operation_refuse("server_attach", err, &report);
}

/* One of the two ways to end. */
static esp_err_t end(const char *name, esp_err_t (*run)(hr_report_t *report))
{
    hr_report_t report;
    esp_err_t err = hr_operation_check_outside(name, &report);
    if (err == ESP_OK) {
        hr_lock_take(&lock);
        err = run(&report);
        hr_lock_give(&lock);
    }
    return err == ESP_OK ? err : hr_operation_refuse(name, err, &report);
}

esp_err_t hotreload_server_stop(void)
{
    return end("server_stop", stop);
}

esp_err_t hotreload_server_detach(void)
{
    return end("server_detach", detach);
}
