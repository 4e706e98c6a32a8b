/* SPDX-License-Identifier: MIT */
#include "server/hr_access.h"

#include <string.h>

#include "hotreload.h"
#include "sdkconfig.h"
#include "server/hr_auth.h"

#if CONFIG_HOTRELOAD_AUTH

#include "esp_mac.h"
#include "esp_random.h"
#include "esp_timer.h"
#include "lifecycle/hr_operation.h"
#include "server/hr_answer.h"
#include "server/hr_refusal.h"

/* longer than that of any endpoint */
#define PATH_SIZE 32

static hr_auth_t auth; /* used in the server's task only, while that runs */

esp_err_t hr_access_open(hr_report_t *report)
{
    hr_auth_device_t device;
    uint8_t random[HR_SHA256_SIZE];
    esp_err_t err = esp_efuse_mac_get_default(device.bytes);
    if (err != ESP_OK) {
        return hr_reject(report, err, "the chip has no MAC address, which signatures name");
    }
    esp_fill_random(random, sizeof(random));
    return hr_auth_init(&auth, hotreload_auth_key, device, random,
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
        hr_answer_add(&answer, "\"version\":%d", HR_AUTH_VERSION);
        hr_answer_add(&answer, "\"device\":\"%s\"", auth.device);
        hr_answer_add(&answer, "\"key\":\"%s\"", auth.key_id);
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

static bool has_signature(httpd_req_t *request)
{
    return httpd_req_get_hdr_value_len(request, "Authorization") > 0;
}

static esp_err_t check_signature(httpd_req_t *request, hr_access_t *access, hr_report_t *report)
{
    char header[HR_AUTH_HEADER_SIZE];
    char path[PATH_SIZE];
    /* one that is too long is cut and then found wrong */
    (void)httpd_req_get_hdr_value_str(request, "Authorization", header, sizeof(header));
    strlcpy(path, request->uri, sizeof(path));
    path[strcspn(path, "?")] = 0;
    access->is_signed = true;
    return hr_auth_check(&auth, path, has_signature(request) ? header : NULL, esp_timer_get_time(),
                         access->module, report);
}

#else

static bool has_signature(httpd_req_t *request)
{
    (void)request;
    return false;
}

esp_err_t hr_access_open(hr_report_t *report)
{
    (void)report;
    return ESP_OK;
}

static esp_err_t check_signature(httpd_req_t *request, hr_access_t *access, hr_report_t *report)
{
    (void)request;
    (void)report;
    access->is_signed = false;
    return ESP_OK;
}

#endif

#if CONFIG_HOTRELOAD_WEB_PAGE
#define PAGE_HAS_NO_KEY true
#else
#define PAGE_HAS_NO_KEY false
#endif

/* no device's name makes an origin that long */
#define ORIGIN_SIZE 128

/* NULL without one; what does not fit equals nothing. */
static const char *read_header(httpd_req_t *request, const char *name, char value[ORIGIN_SIZE])
{
    esp_err_t err = httpd_req_get_hdr_value_str(request, name, value, ORIGIN_SIZE);
    if (err == ESP_ERR_HTTPD_RESULT_TRUNC) {
        return "a long name";
    }
    return err == ESP_OK ? value : NULL;
}

static esp_err_t check_origin(httpd_req_t *request, hr_report_t *report)
{
    char values[3][ORIGIN_SIZE];
    const char *origin = read_header(request, "Origin", values[0]);
    const char *host = read_header(request, "Host", values[1]);
    const char *site = read_header(request, "Sec-Fetch-Site", values[2]);
    return hr_auth_may_from(origin, host, site, CONFIG_HOTRELOAD_TRUSTED_ORIGIN)
               ? ESP_OK
               : hr_reject(report, HOTRELOAD_ERR_ORIGIN,
                           "a page of %.64s may change nothing here: "
                           "CONFIG_HOTRELOAD_TRUSTED_ORIGIN names one that may",
                           origin != NULL ? origin : "another site");
}

esp_err_t hr_access_check(httpd_req_t *request, hr_access_t *access, hr_report_t *report)
{
    esp_err_t err = check_origin(request, report);
    return err == ESP_OK ? check_signature(request, access, report) : err;
}

esp_err_t hr_access_check_module(httpd_req_t *request, hr_access_t *access, hr_report_t *report)
{
    if (!PAGE_HAS_NO_KEY || has_signature(request)) {
        return hr_access_check(request, access, report);
    }
    access->is_signed = false;
    return check_origin(request, report);
}
