/* What a call through a stub costs. */
#include <string.h>

#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"
#include "probe.h"
#include "reloadable_util.h"

/* six arguments in registers, and ten words on the stack, which are the callee's to overwrite */
typedef uint64_t (*any_function_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t);

/* what a function gets that writes to where its first argument points, or calls what it points to */
static uint32_t no_result[16];

static int32_t same(int32_t value)
{
    return value;
}

static uint32_t first_argument(const char *kind)
{
    if (strcmp(kind, "buffer") == 0) {
        return (uint32_t)(uintptr_t)no_result;
    }
    return strcmp(kind, "function") == 0 ? (uint32_t)(uintptr_t)same : 0;
}

static uint32_t cycles_of(any_function_t function, uint32_t first, uint32_t calls)
{
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    portENTER_CRITICAL(&lock); /* nothing else is counted */
    uint32_t start = esp_cpu_get_cycle_count();
    for (uint32_t i = 0; i < calls; i++) {
        function(first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
    uint32_t cycles = esp_cpu_get_cycle_count() - start;
    portEXIT_CRITICAL(&lock);
    return cycles;
}

/* name=.. calls=.. first=buffer|function: cycles of so many calls through the stub, and of calls of
 * the module itself; arguments are 0 but for the first, which points to 64 bytes or to a function */
esp_err_t probe_handle_call_cost(httpd_req_t *request)
{
    char name[64];
    char first[16];
    uint32_t calls = hotreload_probe_query_number(request, "calls", 1);
    hotreload_probe_query_text(request, "name", name, sizeof(name));
    hotreload_probe_query_text(request, "first", first, sizeof(first));
    uint32_t argument = first_argument(first);
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            uint32_t stub = cycles_of((any_function_t)hotreload_stub_addresses[i], argument, calls);
            uint32_t direct = cycles_of((any_function_t)hotreload_symbol_table[i], argument, calls);
            hotreload_probe_reply_t reply = {0};
            hotreload_probe_reply_add(&reply, "{\"stub\":%lu,\"direct\":%lu}", (unsigned long)stub,
                                      (unsigned long)direct);
            return hotreload_probe_reply_send(request, &reply);
        }
    }
    return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, "no such function");
}
