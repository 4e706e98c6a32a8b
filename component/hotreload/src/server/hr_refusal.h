/* SPDX-License-Identifier: MIT */
/* Requests that no endpoint takes: unknown ones, malformed ones, those with a body too many. All get
   the error object of the other answers. */
#pragma once

#include "esp_http_server.h"
#include "port/hr_report.h"

/* Refuses a body: the server would wait for its end. */
esp_err_t hr_refusal_check_no_body(httpd_req_t *request, hr_report_t *report);

/* Answers a request that its handler refuses, and ends the connection. Returns what the handler has
   to return. */
esp_err_t hr_refusal_answer(httpd_req_t *request, esp_err_t err, const hr_report_t *report);

/* Takes over what the server itself refuses. `endpoints` ends with one without a URI. */
void hr_refusal_register(httpd_handle_t server, const httpd_uri_t *endpoints);
