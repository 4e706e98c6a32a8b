/* The handlers, by file. */
#pragma once

#include "esp_err.h"
#include "esp_http_server.h"
#include "hotreload_probe.h"

/* the functions that can be called; for ever */
void probe_call_init(const hotreload_probe_config_t *config);

esp_err_t probe_handle_call(httpd_req_t *request);
esp_err_t probe_handle_symbols(httpd_req_t *request);
esp_err_t probe_handle_read(httpd_req_t *request);
esp_err_t probe_handle_write(httpd_req_t *request);
esp_err_t probe_handle_partition(httpd_req_t *request);
esp_err_t probe_handle_heap(httpd_req_t *request);
esp_err_t probe_handle_tasks(httpd_req_t *request);
