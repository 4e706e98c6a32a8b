/* SPDX-License-Identifier: MIT */
/* What the server asks of who wants to change something: with CONFIG_HOTRELOAD_AUTH a signature
   (hr_auth.h), otherwise nothing. */
#pragma once

#include "esp_http_server.h"
#include "server/hr_auth.h"
#include "port/hr_report.h"

/* Before the server starts: what was signed for an earlier start is worth nothing from here on. */
esp_err_t hr_access_open(hr_report_t *report);

/* Handler of GET /nonce. */
esp_err_t hr_access_handle_nonce(httpd_req_t *request);

/* In the handler of a POST, before anything else. `body` is for the functions below. */
esp_err_t hr_access_check(httpd_req_t *request, hr_auth_body_t *body, hr_report_t *report);

/* For a request whose body counts, in any task: what is received is added, and has been all right
   only when hr_access_end_body() says so. A body that has begun is ended or dropped. */
esp_err_t hr_access_begin_body(hr_auth_body_t *body, hr_report_t *report);
esp_err_t hr_access_add_body(hr_auth_body_t *body, const void *data, size_t size,
                             hr_report_t *report);
esp_err_t hr_access_end_body(hr_auth_body_t *body, hr_report_t *report);
void hr_access_drop_body(hr_auth_body_t *body);
