/* Another partition, and a table of the application's own instead of the generated one. */
#include "hotreload.h"
#include "probe.h"

#define COUNT 2
#define LABEL_SIZE 20

/* in no order of the generated table; the third is behind the count */
static const char *const names[] = {"answer", "greeting", "add", NULL};
static uint32_t table[COUNT + 1];

/* The addresses that loads have written. */
esp_err_t probe_handle_own_table(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "[%lu,%lu,%lu]", (unsigned long)table[0],
                              (unsigned long)table[1], (unsigned long)table[2]);
    return hotreload_probe_reply_send(request, &reply);
}

/* label=..: what a reload from that partition gives */
esp_err_t probe_handle_own_load(httpd_req_t *request)
{
    char label[LABEL_SIZE];
    hotreload_probe_query_text(request, "label", label, sizeof(label));
    const hotreload_config_t config = {
        .partition_label = label,
        .symbol_table = table,
        .symbol_names = names,
        .symbol_count = COUNT,
    };
    return hotreload_probe_send_result(request, hotreload_reload(&config));
}

/* label=.., max=..: starts a server for that partition that takes so large a module */
esp_err_t probe_handle_own_serve(httpd_req_t *request)
{
    char label[LABEL_SIZE];
    hotreload_probe_query_text(request, "label", label, sizeof(label));
    const hotreload_server_config_t config = {
        .partition_label = label,
        .max_elf_size = hotreload_probe_query_number(request, "max", 0),
        .symbol_table = table,
        .symbol_names = names,
        .symbol_count = COUNT,
    };
    return hotreload_probe_send_result(request, hotreload_server_start(&config));
}
