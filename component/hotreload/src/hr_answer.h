/* SPDX-License-Identifier: MIT */
/* Answers of the server: JSON with an HTTP status that fits. */
#pragma once

#include "esp_http_server.h"
#include "hr_report.h"

/* {"status":"ok", <fields>}; `format` makes the fields. */
esp_err_t hr_answer_ok(httpd_req_t *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* {"error":<name>, "code":<number>, "message":<sentence>} */
esp_err_t hr_answer_error(httpd_req_t *request, esp_err_t err, const hr_report_t *report);

/* Largest result of hr_answer_escape(), with its end. */
#define HR_ANSWER_ESCAPED_SIZE (2 * HR_REPORT_SIZE)

/* The report's sentence for a JSON string. */
void hr_answer_escape(char escaped[HR_ANSWER_ESCAPED_SIZE], const hr_report_t *report);
