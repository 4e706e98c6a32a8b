/* SPDX-License-Identifier: MIT */
#include "server/hr_answer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hotreload.h"
#include "lifecycle/hr_overview.h"

/* longest status line and headers of an answer: 160 bytes and the status */
#define HEAD_SIZE 192

#define HTTP_400 "400 Bad Request"
#define HTTP_401 "401 Unauthorized"
#define HTTP_403 "403 Forbidden"
#define HTTP_404 "404 Not Found"
#define HTTP_405 "405 Method Not Allowed"
#define HTTP_408 "408 Request Timeout"
#define HTTP_409 "409 Conflict"
#define HTTP_411 "411 Length Required"
#define HTTP_413 "413 Content Too Large"
#define HTTP_422 "422 Unprocessable Content"
#define HTTP_500 "500 Internal Server Error"
#define HTTP_503 "503 Service Unavailable"
#define HTTP_507 "507 Insufficient Storage"

/* What is wrong with a module itself is 422; the rest is here. */
static const struct {
    esp_err_t err;
    const char *status;
} statuses[] = {
    {HOTRELOAD_ERR_EMPTY, HTTP_400},
    {HOTRELOAD_ERR_BODY_TRUNCATED, HTTP_400},
    {HOTRELOAD_ERR_MULTIPART, HTTP_400},
    {HOTRELOAD_ERR_REQUEST, HTTP_400},
    {HOTRELOAD_ERR_AUTH_HEADER, HTTP_401},
    {HOTRELOAD_ERR_AUTH_NONCE, HTTP_401},
    {HOTRELOAD_ERR_AUTH_REPLAYED, HTTP_401},
    {HOTRELOAD_ERR_AUTH_MAC, HTTP_401},
    {HOTRELOAD_ERR_AUTH_BODY, HTTP_401},
    {HOTRELOAD_ERR_AUTH_VERSION, HTTP_401},
    {HOTRELOAD_ERR_ORIGIN, HTTP_403},
    {HOTRELOAD_ERR_BODY_UNEXPECTED, HTTP_400},
    {HOTRELOAD_ERR_ENDPOINT, HTTP_404},
    {HOTRELOAD_ERR_METHOD, HTTP_405},
    {HOTRELOAD_ERR_NO_UPDATE, HTTP_409},
    {HOTRELOAD_ERR_NO_MODULE, HTTP_404},
    {ESP_ERR_NOT_FOUND, HTTP_404},
    {HOTRELOAD_ERR_BODY_TIMEOUT, HTTP_408},
    {HOTRELOAD_ERR_UPLOAD_TIMEOUT, HTTP_408},
    {HOTRELOAD_ERR_BUSY, HTTP_409},
    {HOTRELOAD_ERR_CALLER_INSIDE, HTTP_409},
    {HOTRELOAD_ERR_TASK_INSIDE, HTTP_409},
    {HOTRELOAD_ERR_UNDO_USED_UP, HTTP_409},
    {HOTRELOAD_ERR_NOTHING_TO_UNDO, HTTP_409},
    {HOTRELOAD_ERR_MARKED_BAD, HTTP_409},
    {HOTRELOAD_ERR_YIELDED, HTTP_409},
    {HOTRELOAD_ERR_HOLD_LIMIT, HTTP_409},
    {ESP_ERR_NOT_SUPPORTED, HTTP_409},
    {ESP_ERR_INVALID_STATE, HTTP_409},
    {HOTRELOAD_ERR_LENGTH_REQUIRED, HTTP_411},
    {HOTRELOAD_ERR_TOO_LARGE, HTTP_413},
    {ESP_ERR_INVALID_SIZE, HTTP_413},
    {HOTRELOAD_ERR_IDENTITY, HTTP_409},
    {HOTRELOAD_ERR_IDENTITY_MISSING, HTTP_422},
    {HOTRELOAD_ERR_NOTE, HTTP_422},
    {HOTRELOAD_ERR_PARTITION, HTTP_500},
    {HOTRELOAD_ERR_STORE, HTTP_500},
    {HOTRELOAD_ERR_STOPPED, HTTP_503},
    {HOTRELOAD_ERR_CONNECTIONS, HTTP_503},
    {ESP_ERR_NO_MEM, HTTP_507},
};

static const char *status_of(esp_err_t err)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].err == err) {
            return statuses[i].status;
        }
    }
    return err > HOTRELOAD_ERR_BASE && err < HOTRELOAD_ERR_BASE + 0x1000 ? HTTP_422 : HTTP_500;
}

void hr_answer_begin(hr_answer_t *answer, const char *status)
{
    answer->status = status;
    answer->used = 0;
}

void hr_answer_add(hr_answer_t *answer, const char *format, ...)
{
    va_list values;
    size_t room = answer->size - answer->used;
    if (room < 2) {
        return; /* it is too long already */
    }
    answer->body[answer->used] = answer->used == 0 ? '{' : ',';
    answer->used++;
    va_start(values, format);
    size_t length = vsnprintf(answer->body + answer->used, room - 1, format, values);
    va_end(values);
    answer->used = length < room - 1 ? answer->used + length : answer->size;
}

void hr_answer_close_list(hr_answer_t *answer)
{
    if (answer->used + 1 < answer->size) {
        answer->body[answer->used++] = ']';
    } else {
        answer->used = answer->size;
    }
}

void hr_answer_end(hr_answer_t *answer)
{
    if (answer->used + 2 > answer->size) {
        answer->status = HTTP_500;
        snprintf(answer->body, answer->size, "{\"error\":\"ESP_ERR_INVALID_SIZE\"}");
        return;
    }
    answer->body[answer->used++] = '}';
    answer->body[answer->used] = 0;
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

void hr_answer_error(hr_answer_t *answer, esp_err_t err, const hr_report_t *report)
{
    char message[HR_ANSWER_ESCAPED_SIZE];
    hr_answer_escape(message, report);
    const char *status = status_of(err);
    if (strcmp(status, HTTP_401) == 0) {
        answer->header = "WWW-Authenticate"; /* which every 401 has (RFC 9110 section 15.5.2) */
        answer->header_value = "HMAC-SHA256";
    } else if (err == HOTRELOAD_ERR_CONNECTIONS) {
        answer->header = "Retry-After";
        answer->header_value = HR_SOCKET_LINGER_TEXT;
    }
    hr_answer_begin(answer, status);
    hr_answer_add(answer, "\"error\":\"%s\"", hotreload_err_to_name(err));
    hr_answer_add(answer, "\"code\":\"0x%x\"", (unsigned)err);
    hr_answer_add(answer, "\"message\":\"%s\"", message);
    if (err == HOTRELOAD_ERR_IDENTITY) {
        char firmware[HR_OVERVIEW_FIRMWARE_SIZE];
        hr_overview_firmware(firmware);
        hr_answer_add(answer, "\"firmware\":\"%s\"", firmware);
        hr_answer_add(answer, "\"module_firmware\":\"%s\"", report->module_firmware);
    }
    hr_answer_end(answer);
}

esp_err_t hr_answer_send(const hr_answer_t *answer, httpd_req_t *request)
{
    httpd_resp_set_status(request, answer->status);
    httpd_resp_set_type(request, "application/json");
    if (answer->header != NULL) {
        httpd_resp_set_hdr(request, answer->header, answer->header_value);
    }
    /* the answer to HEAD says how long the body would be, and has none (RFC 9110 section 9.3.2) */
    return httpd_resp_send(request, request->method == HTTP_HEAD ? NULL : answer->body,
                           strlen(answer->body));
}

esp_err_t hr_answer_send_last(const hr_answer_t *answer, hr_socket_t *socket)
{
    char head[HEAD_SIZE];
    size_t size = strlen(answer->body);
    bool has_header = answer->header != NULL;
    int length = snprintf(head, sizeof(head),
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s%s%s%s"
                          "Connection: close\r\nContent-Length: %u\r\n\r\n",
                          answer->status, has_header ? answer->header : "",
                          has_header ? ": " : "", has_header ? answer->header_value : "",
                          has_header ? "\r\n" : "",
                          (unsigned)size);
    esp_err_t err = hr_socket_send(socket, head, length);
    return err == ESP_OK ? hr_socket_send(socket, answer->body, size) : err;
}
