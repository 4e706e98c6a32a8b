/* SPDX-License-Identifier: MIT */
/* One request at a time, whose body comes as the test says; see http.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "esp_err.h"
#include "sdkconfig.h"

#define ESP_ERR_HTTPD_HANDLERS_FULL 0xb001
#define ESP_ERR_HTTPD_HANDLER_EXISTS 0xb002
#define ESP_ERR_HTTPD_RESULT_TRUNC 0xb004

#define HTTPD_SOCK_ERR_FAIL -1
#define HTTPD_SOCK_ERR_TIMEOUT -3

typedef void *httpd_handle_t;

typedef enum { HTTP_DELETE, HTTP_GET, HTTP_HEAD, HTTP_POST } httpd_method_t;

typedef enum {
    HTTPD_501_METHOD_NOT_IMPLEMENTED,
    HTTPD_505_VERSION_NOT_SUPPORTED,
    HTTPD_400_BAD_REQUEST,
    HTTPD_404_NOT_FOUND,
    HTTPD_405_METHOD_NOT_ALLOWED,
    HTTPD_408_REQ_TIMEOUT,
    HTTPD_414_URI_TOO_LONG,
    HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE,
    HTTPD_ERR_CODE_MAX,
} httpd_err_code_t;

typedef struct {
    httpd_handle_t handle;
    int method;
    const char *uri;
    size_t content_len;
    void *user_ctx;
} httpd_req_t;

typedef struct {
    const char *uri;
    httpd_method_t method;
    esp_err_t (*handler)(httpd_req_t *request);
    void *user_ctx;
} httpd_uri_t;

typedef esp_err_t (*httpd_err_handler_func_t)(httpd_req_t *request, httpd_err_code_t error);

const char *http_method_str(httpd_method_t method);

esp_err_t httpd_register_uri_handler(httpd_handle_t server, const httpd_uri_t *endpoint);
esp_err_t httpd_unregister_uri_handler(httpd_handle_t server, const char *uri, httpd_method_t method);
esp_err_t httpd_register_err_handler(httpd_handle_t server, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler);

/* At once. */
esp_err_t httpd_queue_work(httpd_handle_t server, void (*work)(void *), void *argument);

size_t httpd_req_get_hdr_value_len(httpd_req_t *request, const char *name);
esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *request, const char *name, char *value,
                                      size_t size);
int httpd_req_recv(httpd_req_t *request, char *buffer, size_t size);

esp_err_t httpd_resp_set_status(httpd_req_t *request, const char *status);
esp_err_t httpd_resp_set_type(httpd_req_t *request, const char *type);
esp_err_t httpd_resp_set_hdr(httpd_req_t *request, const char *name, const char *value);
esp_err_t httpd_resp_send(httpd_req_t *request, const char *body, ssize_t size);

size_t strlcpy(char *to, const char *from, size_t size);
