// Which handler a request goes to.
// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "esp_log.h"
#include "httpd_private.h"

static const char *TAG = "httpd_uri";

static bool is_equal(const char *reference, const char *uri, size_t length)
{
    return strlen(reference) == length && strncmp(reference, uri, length) == 0;
}

bool httpd_uri_match_wildcard(const char *template, const char *uri, size_t length)
{
    size_t end = strlen(template);
    bool has_asterisk = false;
    bool has_question_mark = false;

    // one of each at the end, in any order
    while (end > 0 && ((template[end - 1] == '*' && !has_asterisk) || (template[end - 1] == '?' && !has_question_mark))) {
        end--;
        has_asterisk = has_asterisk || template[end] == '*';
        has_question_mark = has_question_mark || template[end] == '?';
    }
    if (has_question_mark && end == 0) {
        return false;
    }
    size_t required = has_question_mark ? end - 1 : end;
    if (length < required || strncmp(template, uri, required) != 0) {
        return false;
    }
    if (has_question_mark && length > required && uri[required] != template[required]) {
        return false;
    }
    return has_asterisk || length <= end;
}

static bool matches(const httpd_server_t *server, const httpd_uri_t *handler, const char *uri, size_t length)
{
    httpd_uri_match_func_t match = server->config.uri_match_fn ? server->config.uri_match_fn : is_equal;
    return match(handler->uri, uri, length);
}

// without a handler the error says whether the URI or the method is at fault
static httpd_uri_t *find_handler(const httpd_server_t *server, const char *uri, size_t length, int method,
                                 httpd_err_code_t *error)
{
    *error = HTTPD_404_NOT_FOUND;
    for (httpd_uri_t **handler = server->handlers; *handler; handler++) {
        if (!matches(server, *handler, uri, length)) {
            continue;
        }
        if ((int)(*handler)->method == method) {
            return *handler;
        }
        *error = HTTPD_405_METHOD_NOT_ALLOWED;
    }
    return NULL;
}

esp_err_t httpd_call_handler(httpd_server_t *server)
{
    httpd_req_t *request = &server->request;
    const struct http_parser_url *url = &server->exchange.url;
    httpd_err_code_t error = HTTPD_404_NOT_FOUND;
    httpd_uri_t *handler = NULL;

    if (url->field_set & (1 << UF_PATH)) {
        handler = find_handler(server, request->uri + url->field_data[UF_PATH].off, url->field_data[UF_PATH].len,
                               request->method, &error);
    }
    if (!handler) {
        if (error == HTTPD_404_NOT_FOUND) {
            ESP_LOGW(TAG, "httpd_uri: URI '%s' not found", request->uri);
        } else {
            ESP_LOGW(TAG, "httpd_uri: Method '%d' not allowed for URI '%s'", request->method, request->uri);
        }
        return httpd_handle_error(request, error);
    }
    request->user_ctx = handler->user_ctx;
    if (handler->handler(request) != ESP_OK) {
        ESP_LOGW(TAG, "httpd_uri: uri handler execution failed");
        return ESP_FAIL;
    }
    return ESP_OK;
}

static void free_handler(httpd_uri_t *handler)
{
    free((char *)handler->uri);
    free(handler);
}

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler)
{
    httpd_server_t *server = handle;
    httpd_err_code_t ignored;

    if (!server || !uri_handler || !uri_handler->uri) {
        return ESP_ERR_INVALID_ARG;
    }
    // a pattern that covers the new one would always win
    if (find_handler(server, uri_handler->uri, strlen(uri_handler->uri), uri_handler->method, &ignored)) {
        ESP_LOGW(TAG, "httpd_register_uri_handler: handler %s with method %d already registered", uri_handler->uri,
                 uri_handler->method);
        return ESP_ERR_HTTPD_HANDLER_EXISTS;
    }
    unsigned count = 0;
    while (server->handlers[count]) {
        count++;
    }
    if (count == server->config.max_uri_handlers) {
        ESP_LOGW(TAG, "httpd_register_uri_handler: no slots left for registering handler");
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    }
    httpd_uri_t *copy = malloc(sizeof(*copy));
    if (!copy) {
        return ESP_ERR_HTTPD_ALLOC_MEM;
    }
    *copy = *uri_handler;
    copy->uri = strdup(uri_handler->uri);
    if (!copy->uri) {
        free(copy);
        return ESP_ERR_HTTPD_ALLOC_MEM;
    }
    server->handlers[count] = copy;
    return ESP_OK;
}

// removes the handlers of a URI, of one method or of any, and keeps the order of the others
static esp_err_t unregister(httpd_server_t *server, const char *uri, const httpd_method_t *method)
{
    bool has_found = false;
    httpd_uri_t **kept = server->handlers;

    for (httpd_uri_t **handler = server->handlers; *handler; handler++) {
        if (strcmp((*handler)->uri, uri) == 0 && (!method || (*handler)->method == *method)) {
            free_handler(*handler);
            has_found = true;
        } else {
            *kept++ = *handler;
        }
    }
    *kept = NULL;
    return has_found ? ESP_OK : ESP_ERR_NOT_FOUND;
}

esp_err_t httpd_unregister_uri_handler(httpd_handle_t handle, const char *uri, httpd_method_t method)
{
    return handle && uri ? unregister(handle, uri, &method) : ESP_ERR_INVALID_ARG;
}

esp_err_t httpd_unregister_uri(httpd_handle_t handle, const char *uri)
{
    return handle && uri ? unregister(handle, uri, NULL) : ESP_ERR_INVALID_ARG;
}

void httpd_unregister_all(httpd_server_t *server)
{
    for (httpd_uri_t **handler = server->handlers; *handler; handler++) {
        free_handler(*handler);
        *handler = NULL;
    }
}
