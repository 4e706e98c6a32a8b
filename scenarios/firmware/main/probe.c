#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "hotreload.h"
#include "sdkconfig.h"

static const httpd_uri_t routes[] = {
    {.uri = "/probe/call", .method = HTTP_GET, .handler = probe_handle_call},
    {.uri = "/probe/call/cost", .method = HTTP_GET, .handler = probe_handle_call_cost},
    {.uri = "/probe/symbols", .method = HTTP_GET, .handler = probe_handle_symbols},
    {.uri = "/probe/signatures", .method = HTTP_GET, .handler = probe_handle_signatures},
#if CONFIG_SCENARIO_SIGNATURES
    {.uri = "/probe/signature-table", .method = HTTP_GET, .handler = probe_handle_signature_table},
    {.uri = "/probe/held-calls", .method = HTTP_GET, .handler = probe_handle_held_calls},
    {.uri = "/probe/preempted-calls", .method = HTTP_GET, .handler = probe_handle_preempted_calls},
#endif
    {.uri = "/probe/read", .method = HTTP_GET, .handler = probe_handle_read},
    {.uri = "/probe/partition", .method = HTTP_GET, .handler = probe_handle_partition},
    {.uri = "/probe/heap", .method = HTTP_GET, .handler = probe_handle_heap},
    {.uri = "/probe/tasks", .method = HTTP_GET, .handler = probe_handle_tasks},
    {.uri = "/probe/hooks/register", .method = HTTP_POST, .handler = probe_handle_hook_register},
    {.uri = "/probe/hooks/clear", .method = HTTP_POST, .handler = probe_handle_hook_clear},
    {.uri = "/probe/hooks", .method = HTTP_GET, .handler = probe_handle_hook_calls},
    {.uri = "/probe/hooks/remove", .method = HTTP_POST, .handler = probe_handle_hook_remove},
    {.uri = "/probe/handover", .method = HTTP_POST, .handler = probe_handle_handover},
    {.uri = "/probe/handover", .method = HTTP_GET, .handler = probe_handle_handover_calls},
    {.uri = "/probe/handover/soak", .method = HTTP_POST, .handler = probe_handle_handover_soak},
    {.uri = "/probe/unloaded/calls", .method = HTTP_GET, .handler = probe_handle_unloaded_calls},
    {.uri = "/probe/interrupts/start", .method = HTTP_POST,
     .handler = probe_handle_interrupts_start},
    {.uri = "/probe/interrupts/stop", .method = HTTP_POST,
     .handler = probe_handle_interrupts_stop},
    {.uri = "/probe/state", .method = HTTP_GET, .handler = probe_handle_state},
    {.uri = "/probe/state/carry", .method = HTTP_POST, .handler = probe_handle_state_carry},
    {.uri = "/probe/load", .method = HTTP_POST, .handler = probe_handle_load},
    {.uri = "/probe/load-from-ram", .method = HTTP_POST, .handler = probe_handle_load_from_ram},
    {.uri = "/probe/unload", .method = HTTP_POST, .handler = probe_handle_unload},
    {.uri = "/probe/reload", .method = HTTP_POST, .handler = probe_handle_reload},
    {.uri = "/probe/update", .method = HTTP_POST, .handler = probe_handle_update},
    {.uri = "/probe/server/start", .method = HTTP_POST, .handler = probe_handle_server_start},
    {.uri = "/probe/server/stop", .method = HTTP_POST, .handler = probe_handle_server_stop},
    {.uri = "/probe/server/rival", .method = HTTP_POST, .handler = probe_handle_rival},
    {.uri = "/probe/server/attach", .method = HTTP_POST, .handler = probe_handle_server_attach},
    {.uri = "/probe/server/detach", .method = HTTP_POST, .handler = probe_handle_server_detach},
    {.uri = "/probe/server/stop-in-hook", .method = HTTP_POST,
     .handler = probe_handle_stop_in_hook},
    {.uri = "/probe/server/stop-in-hook", .method = HTTP_GET,
     .handler = probe_handle_stopped_in_hook},
    {.uri = "/probe/heap/level", .method = HTTP_POST, .handler = probe_handle_heap_level},
    {.uri = "/probe/visit/begin", .method = HTTP_POST, .handler = probe_handle_visit_begin},
    {.uri = "/probe/visit/plan", .method = HTTP_POST, .handler = probe_handle_visit_plan},
    {.uri = "/probe/visit/tell", .method = HTTP_POST, .handler = probe_handle_visit_tell},
    {.uri = "/probe/visit/end", .method = HTTP_POST, .handler = probe_handle_visit_end},
    {.uri = "/probe/visit/delete", .method = HTTP_POST, .handler = probe_handle_visit_delete},
    {.uri = "/probe/soak", .method = HTTP_POST, .handler = probe_handle_soak},
    {.uri = "/probe/restart", .method = HTTP_POST, .handler = probe_handle_restart},
    {.uri = "/probe/crash", .method = HTTP_POST, .handler = probe_handle_crash},
    {.uri = "/probe/events/listen", .method = HTTP_POST, .handler = probe_handle_listen},
    {.uri = "/probe/cost", .method = HTTP_POST, .handler = probe_handle_cost},
    {.uri = "/probe/memory/kind", .method = HTTP_GET, .handler = probe_handle_memory_kind},
    {.uri = "/probe/memory/take", .method = HTTP_POST, .handler = probe_handle_memory_take},
    {.uri = "/probe/memory/give", .method = HTTP_POST, .handler = probe_handle_memory_give},
    {.uri = "/probe/sockets/take", .method = HTTP_POST, .handler = probe_handle_sockets_take},
    {.uri = "/probe/sockets/give", .method = HTTP_POST, .handler = probe_handle_sockets_give},
    {.uri = "/probe/inside/enter", .method = HTTP_POST, .handler = probe_handle_inside_enter},
    {.uri = "/probe/inside/leave", .method = HTTP_POST, .handler = probe_handle_inside_leave},
    {.uri = "/probe/inside/reload", .method = HTTP_POST, .handler = probe_handle_inside_reload},
    {.uri = "/probe/caller/start", .method = HTTP_POST, .handler = probe_handle_caller_start},
    {.uri = "/probe/caller/stop", .method = HTTP_POST, .handler = probe_handle_caller_stop},
    {.uri = "/probe/api", .method = HTTP_GET, .handler = probe_handle_api},
};

/* of the component, when they are attached */
#define GUEST_COUNT 9

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

esp_err_t probe_start(void)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = PROBE_PORT;
    config.max_uri_handlers = ROUTE_COUNT + GUEST_COUNT;
    config.stack_size = 12288; /* recursion through a stub, 60 deep, on top of a request */
    config.lru_purge_enable = true;

    httpd_handle_t server = NULL;
    esp_err_t err = httpd_start(&server, &config);
    for (size_t i = 0; err == ESP_OK && i < ROUTE_COUNT; i++) {
        err = httpd_register_uri_handler(server, &routes[i]);
    }
    return err;
}

static bool reply_reserve(probe_reply_t *reply, size_t room)
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

void probe_reply_add(probe_reply_t *reply, const char *format, ...)
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

esp_err_t probe_reply_send(httpd_req_t *request, probe_reply_t *reply)
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

esp_err_t probe_send_result(httpd_req_t *request, esp_err_t result)
{
    probe_reply_t reply = {0};
    probe_reply_add(&reply, "{\"code\":%d,\"error\":\"%s\"}", (int)result,
                    hotreload_err_to_name(result));
    return probe_reply_send(request, &reply);
}

bool probe_query_text(httpd_req_t *request, const char *key, char *text, size_t size)
{
    char query[256];
    text[0] = '\0';
    return httpd_req_get_url_query_str(request, query, sizeof(query)) == ESP_OK &&
           httpd_query_key_value(query, key, text, size) == ESP_OK;
}

uint32_t probe_query_number(httpd_req_t *request, const char *key, uint32_t fallback)
{
    char text[16];
    if (!probe_query_text(request, key, text, sizeof(text))) {
        return fallback;
    }
    return (uint32_t)strtoul(text, NULL, 0);
}

void *probe_receive_body(httpd_req_t *request, size_t shift)
{
    size_t size = shift + request->content_len + 1;
    char *body = probe_query_number(request, "psram", 0) != 0
                     ? heap_caps_malloc(size, MALLOC_CAP_8BIT | MALLOC_CAP_SPIRAM)
                     : malloc(size);
    if (body == NULL) {
        return NULL;
    }
    size_t received = 0;
    while (received < request->content_len) {
        int length = httpd_req_recv(request, body + shift + received,
                                    request->content_len - received);
        if (length <= 0) {
            free(body);
            return NULL;
        }
        received += (size_t)length;
    }
    return body;
}
