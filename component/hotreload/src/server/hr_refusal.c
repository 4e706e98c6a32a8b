/* SPDX-License-Identifier: MIT */
#include "server/hr_refusal.h"

#include <stdbool.h>
#include <string.h>

#include "hotreload.h"
#include "server/hr_connection.h"
#include "server/hr_request.h"

#define TEXT(value) #value
#define TEXT_OF(macro) TEXT(macro)

/* what the server refuses before it has all headers */
static const struct {
    httpd_err_code_t error;
    const char *status;
    const char *message;
} malformed[] = {
    {HTTPD_400_BAD_REQUEST, "400 Bad Request", "the request is not valid HTTP"},
    {HTTPD_408_REQ_TIMEOUT, "408 Request Timeout", "the headers did not arrive in time"},
    {HTTPD_414_URI_TOO_LONG, "414 URI Too Long",
     "the URI is longer than the " TEXT_OF(CONFIG_HTTPD_MAX_URI_LEN)
     " bytes of CONFIG_HTTPD_MAX_URI_LEN"},
    {HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE, "431 Request Header Fields Too Large",
     "the headers are longer than the " TEXT_OF(CONFIG_HTTPD_MAX_REQ_HDR_LEN)
     " bytes of CONFIG_HTTPD_MAX_REQ_HDR_LEN"},
    {HTTPD_501_METHOD_NOT_IMPLEMENTED, "501 Not Implemented", "the method is unknown"},
    {HTTPD_505_VERSION_NOT_SUPPORTED, "505 HTTP Version Not Supported",
     "the version of HTTP is neither 1.0 nor 1.1"},
};

#define MALFORMED (sizeof(malformed) / sizeof(malformed[0]))

static const httpd_uri_t *known;

esp_err_t hr_refusal_check_no_body(httpd_req_t *request, hr_report_t *report)
{
    return hr_request_has_body(request) ? hr_reject(report, HOTRELOAD_ERR_BODY_UNEXPECTED,
                                         "the request has a body, %.32s takes none", request->uri)
                             : ESP_OK;
}

/* A server of the application reads the body that nobody wants, if it knows where that ends. */
static esp_err_t answer_as_guest(httpd_req_t *request, const hr_answer_t *answer)
{
    bool goes_on = hr_request_is_bounded(request);
    if (!goes_on) {
        httpd_resp_set_hdr(request, "Connection", "close");
    }
    esp_err_t err = hr_answer_send(answer, request);
    return goes_on ? err : ESP_FAIL;
}

esp_err_t hr_refusal_answer(httpd_req_t *request, esp_err_t err, const hr_report_t *report)
{
    char body[HR_ANSWER_SIZE];
    hr_answer_t answer = {.body = body, .size = sizeof(body)};
    hr_answer_error(&answer, err, report);
    return hr_connection_owns(request->handle) ? hr_connection_dismiss(request, &answer)
                                               : answer_as_guest(request, &answer);
}

/* Also without a body and well-formed it is no request for ESP-IDF's server. */
static bool asks_for_upgrade(httpd_req_t *request, hr_report_t *report)
{
    char protocol[32];
    if (hr_request_get(request, "Upgrade", protocol, sizeof(protocol)) == ESP_ERR_NOT_FOUND) {
        return false;
    }
    hr_reject(report, HOTRELOAD_ERR_REQUEST,
              "the header Upgrade asks for %s: leave it out, the server speaks HTTP/1.1 only",
              protocol);
    return true;
}

static esp_err_t refuse_malformed(httpd_req_t *request, httpd_err_code_t error)
{
    hr_report_t report;
    char body[HR_ANSWER_SIZE];
    hr_answer_t answer = {.body = body, .size = sizeof(body)};
    for (size_t i = 0; i < MALFORMED; i++) {
        if (malformed[i].error == error) {
            if (error != HTTPD_400_BAD_REQUEST || !asks_for_upgrade(request, &report)) {
                hr_reject(&report, HOTRELOAD_ERR_REQUEST, "%s", malformed[i].message);
            }
            hr_answer_error(&answer, HOTRELOAD_ERR_REQUEST, &report);
            answer.status = malformed[i].status;
        }
    }
    (void)hr_connection_dismiss(request, &answer);
    return ESP_FAIL; /* nobody knows where the next request would start */
}

static const httpd_uri_t *endpoint_of(const char *uri)
{
    size_t length = strcspn(uri, "?");
    for (const httpd_uri_t *endpoint = known; endpoint->uri != NULL; endpoint++) {
        if (strlen(endpoint->uri) == length && strncmp(endpoint->uri, uri, length) == 0) {
            return endpoint;
        }
    }
    return NULL;
}

static esp_err_t refuse_endpoint(httpd_req_t *request, httpd_err_code_t error)
{
    hr_report_t report;
    esp_err_t err;
    const httpd_uri_t *endpoint = endpoint_of(request->uri);
    if (error == HTTPD_405_METHOD_NOT_ALLOWED && endpoint != NULL) {
        const char *method = http_method_str(endpoint->method);
        err = hr_reject(&report, HOTRELOAD_ERR_METHOD, "%s takes %s only", endpoint->uri, method);
        httpd_resp_set_hdr(request, "Allow", method);
    } else {
        err = hr_reject(&report, HOTRELOAD_ERR_ENDPOINT, "there is no endpoint %.64s",
                        request->uri);
    }
    return hr_refusal_answer(request, err, &report);
}

void hr_refusal_register(httpd_handle_t server, const httpd_uri_t *endpoints)
{
    known = endpoints;
    for (size_t i = 0; i < MALFORMED; i++) {
        httpd_register_err_handler(server, malformed[i].error, refuse_malformed);
    }
    httpd_register_err_handler(server, HTTPD_404_NOT_FOUND, refuse_endpoint);
    httpd_register_err_handler(server, HTTPD_405_METHOD_NOT_ALLOWED, refuse_endpoint);
}
