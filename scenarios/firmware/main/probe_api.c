/* The C API called wrongly, case by case. Everything runs from one request, so that a case
 * that breaks what follows it shows. */
#include <stddef.h>

#include "esp_partition.h"
#include "hotreload.h"
#include "probe.h"
#include "reloadable_util.h"

#define LABEL "hotreload"
#define NO_LABEL "nowhere"

static const uint8_t some_bytes[64] = {0x7f, 'E', 'L', 'F'};

static esp_err_t load_with(const char *label, uint32_t *table, const char *const *names)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = label;
    config.symbol_table = table;
    config.symbol_names = names;
    return hotreload_load(&config);
}

static esp_err_t reload_with(const char *label, uint32_t *table, const char *const *names)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = label;
    config.symbol_table = table;
    config.symbol_names = names;
    return hotreload_reload(&config);
}

static esp_err_t load_buffer(const void *data, size_t size, uint32_t *table,
                             const char *const *names)
{
    return hotreload_load_from_buffer(data, size, table, names, hotreload_symbol_count);
}

static esp_err_t start_server(const char *label, uint32_t *table, const char *const *names)
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    config.partition_label = label;
    config.symbol_table = table;
    config.symbol_names = names;
    return hotreload_server_start(&config);
}

static esp_err_t update_too_large(void)
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, LABEL);
    if (partition == NULL) {
        return ESP_FAIL;
    }
    return hotreload_update_partition(LABEL, some_bytes, partition->size + 1);
}

static void add_case(hotreload_probe_reply_t *reply, const char *name, esp_err_t result)
{
    hotreload_probe_reply_add(reply, "%s\"%s\":\"%s\"", reply->used > 1 ? "," : "", name,
                              hotreload_err_to_name(result));
}

esp_err_t probe_handle_api(httpd_req_t *request)
{
    uint32_t *table = hotreload_symbol_table;
    const char *const *names = hotreload_symbol_names;
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{");

    add_case(&reply, "load null", hotreload_load(NULL));
    add_case(&reply, "load empty label", load_with("", table, names));
    add_case(&reply, "load null table", load_with(LABEL, NULL, names));
    add_case(&reply, "load null names", load_with(LABEL, table, NULL));
    add_case(&reply, "load null label", load_with(NULL, table, names));
    add_case(&reply, "load twice", load_with(LABEL, table, names));
    add_case(&reply, "unload", hotreload_unload());
    add_case(&reply, "unload twice", hotreload_unload());
    add_case(&reply, "load no partition", load_with(NO_LABEL, table, names));
    add_case(&reply, "load", load_with(LABEL, table, names));

    add_case(&reply, "buffer null", load_buffer(NULL, 64, table, names));
    add_case(&reply, "buffer empty", load_buffer(some_bytes, 0, table, names));
    add_case(&reply, "buffer null table", load_buffer(some_bytes, 64, NULL, names));
    add_case(&reply, "buffer null names", load_buffer(some_bytes, 64, table, NULL));

    add_case(&reply, "reload null", hotreload_reload(NULL));
    add_case(&reply, "reload empty label", reload_with("", table, names));
    add_case(&reply, "reload null table", reload_with(LABEL, NULL, names));
    add_case(&reply, "reload null names", reload_with(LABEL, table, NULL));
    add_case(&reply, "reload null label", reload_with(NULL, table, names));
    add_case(&reply, "reload no partition", reload_with(NO_LABEL, table, names));

    add_case(&reply, "update null label", hotreload_update_partition(NULL, some_bytes, 64));
    add_case(&reply, "update empty label", hotreload_update_partition("", some_bytes, 64));
    add_case(&reply, "update null data", hotreload_update_partition(LABEL, NULL, 64));
    add_case(&reply, "update no data", hotreload_update_partition(LABEL, some_bytes, 0));
    add_case(&reply, "update no partition", hotreload_update_partition(NO_LABEL, some_bytes, 64));
    add_case(&reply, "update too large", update_too_large());

    add_case(&reply, "server null", hotreload_server_start(NULL));
    add_case(&reply, "server empty label", start_server("", table, names));
    add_case(&reply, "server null table", start_server(LABEL, NULL, names));
    add_case(&reply, "server null names", start_server(LABEL, table, NULL));
    add_case(&reply, "server started twice", start_server(LABEL, table, names));

    hotreload_probe_reply_add(&reply, "}");
    return hotreload_probe_reply_send(request, &reply);
}
