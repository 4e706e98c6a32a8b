/* Calls by name, through the stubs of the module's functions, and by address. */
#include <stdlib.h>
#include <string.h>

#include "esp_memory_utils.h"
#include "hotreload_probe_reply.h"
#include "probe.h"

#define MAX_WORDS 10

static hotreload_probe_config_t functions;

/* In this ABI the caller passes words and takes back up to two registers, whatever the
 * function's own signature: what it does not use, it does not see. */
typedef uint64_t (*any_function_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t);

void probe_call_init(const hotreload_probe_config_t *config)
{
    functions = *config;
}

static uintptr_t find_stub(const char *name)
{
    for (size_t i = 0; i < functions.symbol_count; i++) {
        if (strcmp(functions.symbol_names[i], name) == 0) {
            return functions.stub_addresses[i];
        }
    }
    return 0;
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

/* name=.. or addr=.. of a function of the firmware, args=1,0x2,.. ret=void|u32|u64 */
esp_err_t probe_handle_call(httpd_req_t *request)
{
    char name[64];
    char arguments[160];
    char kind[8];
    uint32_t w[MAX_WORDS] = {0};

    hotreload_probe_query_text(request, "args", arguments, sizeof(arguments));
    hotreload_probe_query_text(request, "ret", kind, sizeof(kind));
    uintptr_t address = hotreload_probe_query_number(request, "addr", 0);
    if (hotreload_probe_query_text(request, "name", name, sizeof(name))) {
        address = find_stub(name);
    }
    if (!esp_ptr_executable((const void *)address)) {
        return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, "no such function");
    }
    any_function_t function = (any_function_t)address;
    parse_words(arguments, w);
    uint64_t result = function(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9]);
    if (strcmp(kind, "u64") != 0) {
        result = strcmp(kind, "void") == 0 ? 0 : (uint32_t)result;
    }

    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"result\":%llu}", (unsigned long long)result);
    return hotreload_probe_reply_send(request, &reply);
}

esp_err_t probe_handle_symbols(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "[");
    for (size_t i = 0; i < functions.symbol_count; i++) {
        hotreload_probe_reply_add(&reply,
                                  "%s{\"name\":\"%s\",\"stub\":\"0x%08lx\",\"target\":\"0x%08lx\"}",
                                  i == 0 ? "" : ",", functions.symbol_names[i],
                                  (unsigned long)functions.stub_addresses[i],
                                  (unsigned long)functions.symbol_table[i]);
    }
    hotreload_probe_reply_add(&reply, "]");
    return hotreload_probe_reply_send(request, &reply);
}
