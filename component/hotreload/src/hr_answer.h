/* SPDX-License-Identifier: MIT */
/* Answers of the server: JSON with an HTTP status that fits. */
#pragma once

#include <stddef.h>

#include "esp_http_server.h"
#include "hr_report.h"

/* Largest result of hr_answer_escape(), with its end. */
#define HR_ANSWER_ESCAPED_SIZE (2 * HR_REPORT_SIZE)

/* enough for any error */
#define HR_ANSWER_SIZE (HR_ANSWER_ESCAPED_SIZE + 128)

/* The caller gives the room for the body. */
typedef struct {
    const char *status;
    const char *challenge; /* WWW-Authenticate, NULL without */
    char *body;
    size_t size;
} hr_answer_t;

/* {"status":"ok", <fields>}; `format` makes the fields. */
void hr_answer_ok(hr_answer_t *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with 202 Accepted and {"status":"pending", ...}. */
void hr_answer_pending(hr_answer_t *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* {"error":<name>, "code":<number>, "message":<sentence>}; with HOTRELOAD_ERR_IDENTITY also
   "firmware" and "module_firmware" */
void hr_answer_error(hr_answer_t *answer, esp_err_t err, const hr_report_t *report);

/* Sends it from a handler. */
esp_err_t hr_answer_send(const hr_answer_t *answer, httpd_req_t *request);

/* The report's sentence for a JSON string. */
void hr_answer_escape(char escaped[HR_ANSWER_ESCAPED_SIZE], const hr_report_t *report);
