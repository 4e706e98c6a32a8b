/* What scenarios need of the probe besides what it offers to all: hooks, state, the C API. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_http_server.h"
#include "hotreload_probe_reply.h"

esp_err_t probe_start(void);

/* memory that the caller frees, with the body from byte `shift` on; NULL when the body did
 * not arrive whole. With psram=1 it is in PSRAM. */
void *probe_receive_body(httpd_req_t *request, size_t shift);

/* the handlers, by file */
/* Unloads the module, and returns when its memory is free, or after two seconds. */
void probe_unload(void);

esp_err_t probe_handle_call_cost(httpd_req_t *request);
esp_err_t probe_handle_signatures(httpd_req_t *request);
esp_err_t probe_handle_signature_table(httpd_req_t *request);
esp_err_t probe_handle_preempted_calls(httpd_req_t *request);
esp_err_t probe_handle_held_calls(httpd_req_t *request);
esp_err_t probe_handle_memory_kind(httpd_req_t *request);
esp_err_t probe_handle_hook_register(httpd_req_t *request);
esp_err_t probe_handle_hook_clear(httpd_req_t *request);
esp_err_t probe_handle_hook_calls(httpd_req_t *request);
esp_err_t probe_handle_state(httpd_req_t *request);
esp_err_t probe_handle_state_carry(httpd_req_t *request);
esp_err_t probe_handle_load(httpd_req_t *request);
esp_err_t probe_handle_load_from_ram(httpd_req_t *request);
esp_err_t probe_handle_unload(httpd_req_t *request);
esp_err_t probe_handle_reload(httpd_req_t *request);
esp_err_t probe_handle_update(httpd_req_t *request);
esp_err_t probe_handle_server_start(httpd_req_t *request);
esp_err_t probe_handle_rival(httpd_req_t *request);
esp_err_t probe_handle_server_attach(httpd_req_t *request);
esp_err_t probe_handle_server_detach(httpd_req_t *request);
esp_err_t probe_handle_server_stop(httpd_req_t *request);
esp_err_t probe_handle_own_table(httpd_req_t *request);
esp_err_t probe_handle_own_load(httpd_req_t *request);
esp_err_t probe_handle_own_serve(httpd_req_t *request);
esp_err_t probe_handle_stop_in_hook(httpd_req_t *request);
esp_err_t probe_handle_stopped_in_hook(httpd_req_t *request);
esp_err_t probe_handle_heap_level(httpd_req_t *request);
esp_err_t probe_handle_visit_begin(httpd_req_t *request);
esp_err_t probe_handle_visit_plan(httpd_req_t *request);
esp_err_t probe_handle_visit_tell(httpd_req_t *request);
esp_err_t probe_handle_visit_end(httpd_req_t *request);
esp_err_t probe_handle_visit_delete(httpd_req_t *request);
esp_err_t probe_handle_soak(httpd_req_t *request);
esp_err_t probe_handle_schedule(httpd_req_t *request);
esp_err_t probe_handle_handover(httpd_req_t *request);
esp_err_t probe_handle_handover_calls(httpd_req_t *request);
esp_err_t probe_handle_handover_soak(httpd_req_t *request);
esp_err_t probe_handle_hook_remove(httpd_req_t *request);
esp_err_t probe_handle_unloaded_calls(httpd_req_t *request);
esp_err_t probe_handle_interrupts_start(httpd_req_t *request);
esp_err_t probe_handle_interrupts_stop(httpd_req_t *request);
esp_err_t probe_handle_restart(httpd_req_t *request);
esp_err_t probe_handle_crash(httpd_req_t *request);
esp_err_t probe_handle_cost(httpd_req_t *request);
esp_err_t probe_handle_copy_cost(httpd_req_t *request);
esp_err_t probe_handle_malformed(httpd_req_t *request);
esp_err_t probe_handle_api(httpd_req_t *request);
esp_err_t probe_handle_listen(httpd_req_t *request);
esp_err_t probe_handle_memory_take(httpd_req_t *request);
esp_err_t probe_handle_memory_give(httpd_req_t *request);
esp_err_t probe_handle_sockets_take(httpd_req_t *request);
esp_err_t probe_handle_sockets_give(httpd_req_t *request);
esp_err_t probe_handle_inside_enter(httpd_req_t *request);
esp_err_t probe_handle_inside_leave(httpd_req_t *request);
esp_err_t probe_handle_inside_reload(httpd_req_t *request);
esp_err_t probe_handle_caller_start(httpd_req_t *request);
esp_err_t probe_handle_caller_stop(httpd_req_t *request);
