#include "probe.h"

#include <stdlib.h>

#include "esp_heap_caps.h"
#include "hotreload_probe.h"
#include "reloadable_util.h"
#include "sdkconfig.h"

static const httpd_uri_t routes[] = {
    {.uri = "/probe/call/cost", .method = HTTP_GET, .handler = probe_handle_call_cost},
    {.uri = "/probe/signatures", .method = HTTP_GET, .handler = probe_handle_signatures},
#if CONFIG_SCENARIO_SIGNATURES
    {.uri = "/probe/signature-table", .method = HTTP_GET, .handler = probe_handle_signature_table},
    {.uri = "/probe/held-calls", .method = HTTP_GET, .handler = probe_handle_held_calls},
    {.uri = "/probe/preempted-calls", .method = HTTP_GET, .handler = probe_handle_preempted_calls},
#endif
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
    {.uri = "/probe/own", .method = HTTP_GET, .handler = probe_handle_own_table},
    {.uri = "/probe/own/load", .method = HTTP_POST, .handler = probe_handle_own_load},
    {.uri = "/probe/own/serve", .method = HTTP_POST, .handler = probe_handle_own_serve},
    {.uri = "/probe/heap/level", .method = HTTP_POST, .handler = probe_handle_heap_level},
    {.uri = "/probe/visit/begin", .method = HTTP_POST, .handler = probe_handle_visit_begin},
    {.uri = "/probe/visit/plan", .method = HTTP_POST, .handler = probe_handle_visit_plan},
    {.uri = "/probe/visit/tell", .method = HTTP_POST, .handler = probe_handle_visit_tell},
    {.uri = "/probe/visit/end", .method = HTTP_POST, .handler = probe_handle_visit_end},
    {.uri = "/probe/visit/delete", .method = HTTP_POST, .handler = probe_handle_visit_delete},
    {.uri = "/probe/soak", .method = HTTP_POST, .handler = probe_handle_soak},
#if CONFIG_SCENARIO_SCHEDULES
    {.uri = "/probe/schedule", .method = HTTP_POST, .handler = probe_handle_schedule},
#endif
    {.uri = "/probe/restart", .method = HTTP_POST, .handler = probe_handle_restart},
    {.uri = "/probe/crash", .method = HTTP_POST, .handler = probe_handle_crash},
    {.uri = "/probe/events/listen", .method = HTTP_POST, .handler = probe_handle_listen},
    {.uri = "/probe/cost", .method = HTTP_POST, .handler = probe_handle_cost},
    {.uri = "/probe/copy/cost", .method = HTTP_GET, .handler = probe_handle_copy_cost},
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
    {.uri = "/probe/malformed", .method = HTTP_POST, .handler = probe_handle_malformed},
    {.uri = "/probe/api", .method = HTTP_GET, .handler = probe_handle_api},
};

/* of the component, when they are attached */
#define GUEST_COUNT 9

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

esp_err_t probe_start(void)
{
    hotreload_probe_config_t config = HOTRELOAD_PROBE_CONFIG_DEFAULT();
    config.own_endpoints = ROUTE_COUNT + GUEST_COUNT;
    config.stack_size = 12288; /* recursion through a stub, 60 deep, on top of a request */

    httpd_handle_t server = NULL;
    esp_err_t err = hotreload_probe_start(&config, &server);
    for (size_t i = 0; err == ESP_OK && i < ROUTE_COUNT; i++) {
        err = httpd_register_uri_handler(server, &routes[i]);
    }
    return err;
}

void *probe_receive_body(httpd_req_t *request, size_t shift)
{
    size_t size = shift + request->content_len + 1;
    char *body = hotreload_probe_query_number(request, "psram", 0) != 0
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
