/* SPDX-License-Identifier: MIT */
#include "server/hr_request.h"

#include <string.h>
#include <strings.h>

#include "hotreload.h"

/* decimal digits of 2^64, and some white space behind them */
#define CONTENT_LENGTH_SIZE 32

bool hr_request_has(httpd_req_t *request, const char *name)
{
    return httpd_req_get_hdr_value_len(request, name) > 0;
}

/* http_parser skips the white space in front of a value */
esp_err_t hr_request_get(httpd_req_t *request, const char *name, char *value, size_t size)
{
    *value = 0;
    esp_err_t err = httpd_req_get_hdr_value_str(request, name, value, size);
    size_t length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t')) {
        value[--length] = 0;
    }
    return err;
}

esp_err_t hr_request_length(httpd_req_t *request, uint64_t *length, hr_report_t *report)
{
    char text[CONTENT_LENGTH_SIZE];
    if (hr_request_has(request, "Transfer-Encoding") || !hr_request_has(request, "Content-Length")) {
        return hr_reject(report, HOTRELOAD_ERR_LENGTH_REQUIRED,
                         "the request has no Content-Length");
    }
    esp_err_t err = hr_request_get(request, "Content-Length", text, sizeof(text));
    *length = 0;
    for (const char *c = text; err == ESP_OK && *c != 0; c++) {
        if (*c < '0' || *c > '9') {
            return hr_reject(report, HOTRELOAD_ERR_REQUEST, "Content-Length is \"%s\"", text);
        }
        *length = *length < UINT32_MAX ? *length * 10 + (*c - '0') : *length;
    }
    /* cut off: more digits than any length has */
    *length = err == ESP_OK ? *length : UINT64_MAX;
    return ESP_OK;
}

bool hr_request_has_body(httpd_req_t *request)
{
    hr_report_t unused;
    uint64_t length = 0;
    return hr_request_has(request, "Transfer-Encoding")
           || (hr_request_has(request, "Content-Length")
               && (hr_request_length(request, &length, &unused) != ESP_OK || length != 0));
}

bool hr_request_is_bounded(httpd_req_t *request)
{
    hr_report_t unused;
    uint64_t length;
    return !hr_request_has_body(request)
           || (hr_request_length(request, &length, &unused) == ESP_OK
               && length == request->content_len);
}

bool hr_request_awaits_continue(httpd_req_t *request)
{
    char expectation[32];
    (void)hr_request_get(request, "Expect", expectation, sizeof(expectation));
    return strcasecmp(expectation, "100-continue") == 0;
}
