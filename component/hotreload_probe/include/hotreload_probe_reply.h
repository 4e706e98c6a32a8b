/* SPDX-License-Identifier: MIT */

/**
 * @file
 * For endpoints of the application's own in the probe's server: parameters in, JSON out. There only with
 * CONFIG_HOTRELOAD_PROBE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_http_server.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A text that grows as it is written and is sent in one piece; begins as `{0}`. */
typedef struct {
    char *text;  /**< On the heap, until it is sent. */
    size_t used; /**< Characters so far. */
    size_t room; /**< Bytes allocated. */
    bool failed; /**< There was no memory for all of it. */
} hotreload_probe_reply_t;

/**
 * Add to the text.
 *
 * @param reply   the text; without memory for all of it, sending it gives an error
 * @param format  as printf() has it
 */
void hotreload_probe_reply_add(hotreload_probe_reply_t *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Send the text as JSON, and free it.
 *
 * @param request  what it is the answer to
 * @param reply    the text; to a text that failed the answer is status 500
 * @return what httpd_resp_send() says, for the handler to return
 */
esp_err_t hotreload_probe_reply_send(httpd_req_t *request, hotreload_probe_reply_t *reply);

/**
 * Send `{"code":258,"error":"ESP_ERR_INVALID_ARG"}`.
 *
 * @param request  what it is the answer to
 * @param result   any error code, ESP_OK included
 * @return what httpd_resp_send() says, for the handler to return
 */
esp_err_t hotreload_probe_send_result(httpd_req_t *request, esp_err_t result);

/**
 * A parameter of the query string, as it is written there.
 *
 * @param request  the request; its whole query has at most 255 characters
 * @param key      name of the parameter
 * @param text     gets the value, or an empty text
 * @param size     bytes at `text`
 * @return false when the parameter is missing or does not fit
 */
bool hotreload_probe_query_text(httpd_req_t *request, const char *key, char *text, size_t size);

/**
 * The same as a number, decimal or with 0x.
 *
 * @param request   the request
 * @param key       name of the parameter
 * @param fallback  what is returned when it is missing
 * @return the value
 */
uint32_t hotreload_probe_query_number(httpd_req_t *request, const char *key, uint32_t fallback);

#ifdef __cplusplus
}
#endif
