/* What can be done with memory at an address. */
#include "esp_memory_utils.h"
#include "probe.h"

/* addr=..: what memory that is */
esp_err_t probe_handle_memory_kind(httpd_req_t *request)
{
    const void *address = (const void *)(uintptr_t)hotreload_probe_query_number(request, "addr", 0);
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"executable\":%s,\"bytes\":%s,\"external\":%s}",
                              esp_ptr_executable(address) ? "true" : "false",
                              esp_ptr_byte_accessible(address) ? "true" : "false",
                              esp_ptr_external_ram(address) ? "true" : "false");
    return hotreload_probe_reply_send(request, &reply);
}
