/* SPDX-License-Identifier: MIT */
#include "hr_answer.h"

#include <stdarg.h>
#include <stdio.h>

#include "hotreload.h"

/* the longest is that of /status: 400 bytes and an escaped message */
#define BODY_SIZE 1024

#define HTTP_400 "400 Bad Request"
#define HTTP_404 "404 Not Found"
#define HTTP_408 "408 Request Timeout"
#define HTTP_409 "409 Conflict"
#define HTTP_411 "411 Length Required"
#define HTTP_413 "413 Content Too Large"
#define HTTP_422 "422 Unprocessable Content"
#define HTTP_500 "500 Internal Server Error"
#define HTTP_507 "507 Insufficient Storage"

/* What is wrong with a module itself is 422; the rest is here. */
static const struct {
    esp_err_t err;
    const char *status;
} statuses[] = {
    {HOTRELOAD_ERR_EMPTY, HTTP_400},
    {HOTRELOAD_ERR_BODY_TRUNCATED, HTTP_400},
    {HOTRELOAD_ERR_MULTIPART, HTTP_400},
    {HOTRELOAD_ERR_NO_MODULE, HTTP_404},
    {ESP_ERR_NOT_FOUND, HTTP_404},
    {HOTRELOAD_ERR_BODY_TIMEOUT, HTTP_408},
    {HOTRELOAD_ERR_BUSY, HTTP_409},
    {ESP_ERR_INVALID_STATE, HTTP_409},
    {HOTRELOAD_ERR_LENGTH_REQUIRED, HTTP_411},
    {HOTRELOAD_ERR_TOO_LARGE, HTTP_413},
    {ESP_ERR_INVALID_SIZE, HTTP_413},
    {HOTRELOAD_ERR_NOTE, HTTP_422},
    {HOTRELOAD_ERR_PARTITION, HTTP_500},
    {HOTRELOAD_ERR_STORE, HTTP_500},
    {ESP_ERR_NO_MEM, HTTP_507},
};

static const char *status_of(esp_err_t err)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].err == err) {
            return statuses[i].status;
        }
    }
    return err > HOTRELOAD_ERR_BASE && err <= HOTRELOAD_ERR_BUSY ? HTTP_422 : HTTP_500;
}

static esp_err_t send(httpd_req_t *request, const char *status, const char *body)
{
    httpd_resp_set_status(request, status);
    httpd_resp_set_type(request, "application/json");
    return httpd_resp_sendstr(request, body);
}

esp_err_t hr_answer_ok(httpd_req_t *request, const char *format, ...)
{
    char body[BODY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = snprintf(body, sizeof(body), "{\"status\":\"ok\",");
    length += vsnprintf(body + length, sizeof(body) - length, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof(body) - 2) {
        return send(request, HTTP_500, "{\"error\":\"ESP_ERR_INVALID_SIZE\"}");
    }
    snprintf(body + length, sizeof(body) - length, "}");
    return send(request, HTTPD_200, body);
}

/* Reports hold printable ASCII only. */
void hr_answer_escape(char escaped[HR_ANSWER_ESCAPED_SIZE], const hr_report_t *report)
{
    for (const char *c = report->message; *c != 0; c++) {
        if (*c == '"' || *c == '\\') {
            *escaped++ = '\\';
        }
        *escaped++ = *c;
    }
    *escaped = 0;
}

esp_err_t hr_answer_error(httpd_req_t *request, esp_err_t err, const hr_report_t *report)
{
    char message[HR_ANSWER_ESCAPED_SIZE];
    char body[BODY_SIZE];
    hr_answer_escape(message, report);
    snprintf(body, sizeof(body), "{\"error\":\"%s\",\"code\":\"0x%x\",\"message\":\"%s\"}",
             hotreload_err_to_name(err), (unsigned)err, message);
    return send(request, status_of(err), body);
}
