// Answers to requests that cannot be handled.
// SPDX-License-Identifier: MIT
#include "esp_log.h"
#include "httpd_private.h"

static const char *TAG = "httpd_txrx";

static const struct {
    const char *status;
    const char *message;
} errors[HTTPD_ERR_CODE_MAX] = {
    [HTTPD_500_INTERNAL_SERVER_ERROR] = {"500 Internal Server Error", "Server has encountered an unexpected error"},
    [HTTPD_501_METHOD_NOT_IMPLEMENTED] = {"501 Method Not Implemented", "Server does not support this method"},
    [HTTPD_505_VERSION_NOT_SUPPORTED] = {"505 Version Not Supported", "HTTP version not supported by server"},
    [HTTPD_400_BAD_REQUEST] = {"400 Bad Request", "Bad request syntax"},
    [HTTPD_401_UNAUTHORIZED] = {"401 Unauthorized", "No permission -- see authorization schemes"},
    [HTTPD_403_FORBIDDEN] = {"403 Forbidden", "Request forbidden -- authorization will not help"},
    [HTTPD_404_NOT_FOUND] = {"404 Not Found", "Nothing matches the given URI"},
    [HTTPD_405_METHOD_NOT_ALLOWED] = {"405 Method Not Allowed", "Specified method is invalid for this resource"},
    [HTTPD_408_REQ_TIMEOUT] = {"408 Request Timeout", "Server closed this connection"},
    [HTTPD_411_LENGTH_REQUIRED] = {"411 Length Required", "Client must specify Content-Length"},
    [HTTPD_414_URI_TOO_LONG] = {"414 URI Too Long", "URI is too long"},
    [HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE] = {"431 Request Header Fields Too Large", "Header fields are too long"},
};

esp_err_t httpd_resp_send_err(httpd_req_t *request, httpd_err_code_t error, const char *message)
{
    httpd_err_code_t known = error < HTTPD_ERR_CODE_MAX ? error : HTTPD_500_INTERNAL_SERVER_ERROR;
    const char *status = errors[known].status;

    if (!message) {
        message = errors[known].message;
    }
    ESP_LOGW(TAG, "httpd_resp_send_err: %s - %s", status, message);
    esp_err_t err = httpd_resp_set_status(request, status);
    if (err != ESP_OK) {
        return err;
    }
    httpd_resp_set_type(request, HTTPD_TYPE_TEXT);
    err = httpd_resp_send(request, message, HTTPD_RESP_USE_STRLEN);
    httpd_post_event(HTTP_SERVER_EVENT_ERROR, &error, sizeof(error));
    return err;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error, httpd_err_handler_func_t handler)
{
    if (!handle || error >= HTTPD_ERR_CODE_MAX) {
        return ESP_ERR_INVALID_ARG;
    }
    ((httpd_server_t *)handle)->error_handlers[error] = handler;
    return ESP_OK;
}

esp_err_t httpd_handle_error(httpd_req_t *request, httpd_err_code_t error)
{
    const httpd_server_t *server = request->handle;

    if (!server->error_handlers[error]) {
        httpd_resp_send_err(request, error, NULL);
        return ESP_FAIL;
    }
    esp_err_t err = server->error_handlers[error](request, error);
    return error == HTTPD_500_INTERNAL_SERVER_ERROR ? ESP_FAIL : err;
}
