#include "hotreload_probe_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hotreload.h"

static bool reply_reserve(hotreload_probe_reply_t *reply, size_t room)
{
    if (room <= reply->room) {
        return true;
    }
    char *text = realloc(reply->text, room);
    if (text == NULL) {
        reply->failed = true;
        return false;
    }
    reply->text = text;
    reply->room = room;
    return true;
}

void hotreload_probe_reply_add(hotreload_probe_reply_t *reply, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);

    size_t needed = reply->used + (size_t)length + 1;
    if (needed > reply->room && !reply_reserve(reply, needed + 512)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(reply->text + reply->used, reply->room - reply->used, format, arguments);
    va_end(arguments);
    reply->used += (size_t)length;
}

esp_err_t hotreload_probe_reply_send(httpd_req_t *request, hotreload_probe_reply_t *reply)
{
    esp_err_t err;
    if (reply->failed) {
        err = httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no memory");
    } else {
        httpd_resp_set_type(request, "application/json");
        err = httpd_resp_send(request, reply->text, (ssize_t)reply->used);
    }
    free(reply->text);
    return err;
}

esp_err_t hotreload_probe_send_result(httpd_req_t *request, esp_err_t result)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"code\":%d,\"error\":\"%s\"}", (int)result,
                              hotreload_err_to_name(result));
    return hotreload_probe_reply_send(request, &reply);
}

bool hotreload_probe_query_text(httpd_req_t *request, const char *key, char *text, size_t size)
{
    char query[256];
    text[0] = '\0';
    return httpd_req_get_url_query_str(request, query, sizeof(query)) == ESP_OK &&
           httpd_query_key_value(query, key, text, size) == ESP_OK;
}

uint32_t hotreload_probe_query_number(httpd_req_t *request, const char *key, uint32_t fallback)
{
    char text[16];
    if (!hotreload_probe_query_text(request, key, text, sizeof(text))) {
        return fallback;
    }
    return (uint32_t)strtoul(text, NULL, 0);
}
