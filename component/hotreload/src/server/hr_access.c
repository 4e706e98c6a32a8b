/* SPDX-License-Identifier: MIT */
#include "server/hr_access.h"

#include "sdkconfig.h"

#if CONFIG_HOTRELOAD_AUTH

#include <string.h>

#include "esp_random.h"
#include "esp_timer.h"
#include "server/hr_answer.h"
#include "lifecycle/hr_operation.h"
#include "server/hr_refusal.h"

/* longer than that of any endpoint */
#define PATH_SIZE 32

/* made by the build, see CMakeLists.txt */
extern const uint8_t hotreload_auth_key[HR_AUTH_KEY_SIZE];

static hr_auth_t auth; /* used in the server's task only, while that runs */

esp_err_t hr_access_open(hr_report_t *report)
{
    uint8_t random[HR_SHA256_SIZE];
    esp_fill_random(random, sizeof(random));
    return hr_auth_init(&auth, hotreload_auth_key, random,
                        CONFIG_HOTRELOAD_NONCE_LIFETIME_MS * 1000LL, report);
}

esp_err_t hr_access_handle_nonce(httpd_req_t *request)
{
    hr_report_t report;
    char nonce[HR_AUTH_NONCE_LENGTH + 1];
    char body[HR_ANSWER_SIZE];
    hr_answer_t answer = {.body = body, .size = sizeof(body)};
    esp_err_t err = hr_refusal_check_no_body(request, &report);
    if (err != ESP_OK) {
        return hr_refusal_answer(request, err, &report);
    }
    err = hr_auth_issue(&auth, esp_timer_get_time(), nonce, &report);
    if (err == ESP_OK) {
        hr_answer_begin(&answer, HR_ANSWER_200);
        hr_answer_add(&answer, "\"status\":\"ok\"");
        hr_answer_add(&answer, "\"nonce\":\"%s\"", nonce);
        hr_answer_add(&answer, "\"lifetime_ms\":%d", CONFIG_HOTRELOAD_NONCE_LIFETIME_MS);
        hr_answer_end(&answer);
    } else {
        hr_operation_refuse("nonce", err, &report);
        hr_answer_error(&answer, err, &report);
    }
    httpd_resp_set_hdr(request, "Cache-Control", "no-store");
    return hr_answer_send(&answer, request);
}

esp_err_t hr_access_check(httpd_req_t *request, hr_auth_body_t *body, hr_report_t *report)
{
    char header[HR_AUTH_HEADER_SIZE];
    char path[PATH_SIZE];
    /* one that is too long is cut and then found wrong */
    bool has_header = httpd_req_get_hdr_value_len(request, "Authorization") > 0;
    (void)httpd_req_get_hdr_value_str(request, "Authorization", header, sizeof(header));
    strlcpy(path, request->uri, sizeof(path));
    path[strcspn(path, "?")] = 0;
    const hr_auth_request_t signed_parts = {
        .method = "POST",
        .endpoint = path,
        .length = request->content_len,
        .authorization = has_header ? header : NULL,
    };
    return hr_auth_check(&auth, &signed_parts, esp_timer_get_time(), body, report);
}

esp_err_t hr_access_begin_body(hr_auth_body_t *body, hr_report_t *report)
{
    return hr_auth_body_begin(body, report);
}

esp_err_t hr_access_add_body(hr_auth_body_t *body, const void *data, size_t size,
                             hr_report_t *report)
{
    return hr_auth_body_add(body, data, size, report);
}

esp_err_t hr_access_end_body(hr_auth_body_t *body, hr_report_t *report)
{
    return hr_auth_body_end(body, report);
}

void hr_access_drop_body(hr_auth_body_t *body)
{
    hr_auth_body_drop(body);
}

#else

esp_err_t hr_access_open(hr_report_t *report)
{
    (void)report;
    return ESP_OK;
}

esp_err_t hr_access_check(httpd_req_t *request, hr_auth_body_t *body, hr_report_t *report)
{
    (void)request;
    (void)body;
    (void)report;
    return ESP_OK;
}

esp_err_t hr_access_begin_body(hr_auth_body_t *body, hr_report_t *report)
{
    (void)body;
    (void)report;
    return ESP_OK;
}

esp_err_t hr_access_add_body(hr_auth_body_t *body, const void *data, size_t size,
                             hr_report_t *report)
{
    (void)body;
    (void)data;
    (void)size;
    (void)report;
    return ESP_OK;
}

esp_err_t hr_access_end_body(hr_auth_body_t *body, hr_report_t *report)
{
    (void)body;
    (void)report;
    return ESP_OK;
}

void hr_access_drop_body(hr_auth_body_t *body)
{
    (void)body;
}

#endif
