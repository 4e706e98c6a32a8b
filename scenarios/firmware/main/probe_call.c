/* Calls of exported functions by name, through their stubs. */
#include <stdlib.h>
#include <string.h>

#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"
#include "probe.h"
#include "reloadable_util.h"

#define MAX_WORDS 10

/* generated beside the symbol table, in the order of its names */
extern const uintptr_t hotreload_stub_addresses[];

/* In this ABI the caller passes words and takes back up to two registers, whatever the
 * function's own signature: what it does not use, it does not see. */
typedef uint64_t (*any_function_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t);

static any_function_t find_stub(const char *name)
{
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            return (any_function_t)hotreload_stub_addresses[i];
        }
    }
    return NULL;
}

static void parse_words(char *text, uint32_t words[MAX_WORDS])
{
    char *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(text, ",", &rest); word != NULL && count < MAX_WORDS;
         word = strtok_r(NULL, ",", &rest)) {
        words[count++] = (uint32_t)strtoul(word, NULL, 0);
    }
}

/* name=.. args=1,0x2,.. ret=void|u32|u64 */
esp_err_t probe_handle_call(httpd_req_t *request)
{
    char name[64];
    char arguments[160];
    char kind[8];
    uint32_t w[MAX_WORDS] = {0};

    probe_query_text(request, "name", name, sizeof(name));
    probe_query_text(request, "args", arguments, sizeof(arguments));
    probe_query_text(request, "ret", kind, sizeof(kind));
    any_function_t function = find_stub(name);
    if (function == NULL) {
        return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, "no such function");
    }
    parse_words(arguments, w);
    uint64_t result = function(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9]);
    if (strcmp(kind, "u64") != 0) {
        result = strcmp(kind, "void") == 0 ? 0 : (uint32_t)result;
    }

    probe_reply_t reply = {0};
    probe_reply_add(&reply, "{\"result\":%llu}", (unsigned long long)result);
    return probe_reply_send(request, &reply);
}

static uint32_t cycles_of(any_function_t function, uint32_t calls)
{
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    portENTER_CRITICAL(&lock); /* nothing else is counted */
    uint32_t start = esp_cpu_get_cycle_count();
    for (uint32_t i = 0; i < calls; i++) {
        function(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
    uint32_t cycles = esp_cpu_get_cycle_count() - start;
    portEXIT_CRITICAL(&lock);
    return cycles;
}

/* name=.. calls=..: cycles of so many calls through the stub, and of calls of the module itself */
esp_err_t probe_handle_call_cost(httpd_req_t *request)
{
    char name[64];
    uint32_t calls = probe_query_number(request, "calls", 1);
    probe_query_text(request, "name", name, sizeof(name));
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            uint32_t stub = cycles_of((any_function_t)hotreload_stub_addresses[i], calls);
            uint32_t direct = cycles_of((any_function_t)hotreload_symbol_table[i], calls);
            probe_reply_t reply = {0};
            probe_reply_add(&reply, "{\"stub\":%lu,\"direct\":%lu}", (unsigned long)stub,
                            (unsigned long)direct);
            return probe_reply_send(request, &reply);
        }
    }
    return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, "no such function");
}

esp_err_t probe_handle_symbols(httpd_req_t *request)
{
    probe_reply_t reply = {0};
    probe_reply_add(&reply, "[");
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        probe_reply_add(&reply,
                        "%s{\"name\":\"%s\",\"stub\":\"0x%08lx\",\"target\":\"0x%08lx\"}",
                        i == 0 ? "" : ",", hotreload_symbol_names[i],
                        (unsigned long)hotreload_stub_addresses[i],
                        (unsigned long)hotreload_symbol_table[i]);
    }
    probe_reply_add(&reply, "]");
    return probe_reply_send(request, &reply);
}
