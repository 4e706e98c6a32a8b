/* SPDX-License-Identifier: MIT */
/* Answers of the server: JSON with an HTTP status that fits. */
#pragma once

#include <stddef.h>

#include "esp_http_server.h"
#include "port/hr_report.h"
#include "server/hr_socket.h"

/* Largest result of hr_answer_escape(), with its end. */
#define HR_ANSWER_ESCAPED_SIZE (2 * HR_REPORT_SIZE)

/* enough for any error */
#define HR_ANSWER_SIZE (HR_ANSWER_ESCAPED_SIZE + 224)

/* The caller gives the room for the body. */
typedef struct {
    const char *status;
    const char *header; /* one more, NULL without */
    const char *header_value;
    char *body;
    size_t size;
    size_t used;
} hr_answer_t;

/* One object, field by field; `format` makes `"name":value`. What does not fit makes it a 500. */
void hr_answer_begin(hr_answer_t *answer, const char *status);
void hr_answer_add(hr_answer_t *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends a list, of which each element was added as a field and the first began with "name":[ */
void hr_answer_close_list(hr_answer_t *answer);
void hr_answer_end(hr_answer_t *answer);

#define HR_ANSWER_200 "200 OK"
#define HR_ANSWER_202 "202 Accepted"

/* {"error":<name>, "code":<number>, "message":<sentence>}; with HOTRELOAD_ERR_IDENTITY also
   "firmware" and "module_firmware" */
void hr_answer_error(hr_answer_t *answer, esp_err_t err, const hr_report_t *report);

/* Sends it from a handler. */
esp_err_t hr_answer_send(const hr_answer_t *answer, httpd_req_t *request);

/* Sends it over a connection that has left the server, and that it ends. */
esp_err_t hr_answer_send_last(const hr_answer_t *answer, hr_socket_t *socket);

/* The report's sentence for a JSON string. */
void hr_answer_escape(char escaped[HR_ANSWER_ESCAPED_SIZE], const hr_report_t *report);
