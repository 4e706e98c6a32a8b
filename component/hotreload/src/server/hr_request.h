/* SPDX-License-Identifier: MIT */
/* What the headers of a request say, as long as it has not been answered. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_http_server.h"
#include "port/hr_report.h"

bool hr_request_has(httpd_req_t *request, const char *name);

/* The value without the white space around it (RFC 9110 section 5.5), cut off where `size` ends:
   ESP_ERR_HTTPD_RESULT_TRUNC. Without the header it is empty: ESP_ERR_NOT_FOUND. */
esp_err_t hr_request_get(httpd_req_t *request, const char *name, char *value, size_t size);

/* Content-Length in full, content_len of esp_http_server has only 32 bits of it:
   HOTRELOAD_ERR_LENGTH_REQUIRED, HOTRELOAD_ERR_REQUEST. */
esp_err_t hr_request_length(httpd_req_t *request, uint64_t *length, hr_report_t *report);

/* Whether a body follows. */
bool hr_request_has_body(httpd_req_t *request);

/* Whether esp_http_server knows where the body ends, and with it where the next request starts. */
bool hr_request_is_bounded(httpd_req_t *request);

/* Whether the client waits for "100 Continue" before it sends the body. */
bool hr_request_awaits_continue(httpd_req_t *request);
