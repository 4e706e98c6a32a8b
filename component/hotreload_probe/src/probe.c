#include "probe.h"

#include "esp_log.h"

#define DEFAULT_STACK_SIZE 8192

static const char *const TAG = "hotreload_probe";

static const httpd_uri_t endpoints[] = {
    {.uri = "/probe/call", .method = HTTP_GET, .handler = probe_handle_call},
    {.uri = "/probe/symbols", .method = HTTP_GET, .handler = probe_handle_symbols},
    {.uri = "/probe/read", .method = HTTP_GET, .handler = probe_handle_read},
    {.uri = "/probe/write", .method = HTTP_POST, .handler = probe_handle_write},
    {.uri = "/probe/partition", .method = HTTP_GET, .handler = probe_handle_partition},
    {.uri = "/probe/heap", .method = HTTP_GET, .handler = probe_handle_heap},
    {.uri = "/probe/tasks", .method = HTTP_GET, .handler = probe_handle_tasks},
};

#define ENDPOINT_COUNT (sizeof(endpoints) / sizeof(endpoints[0]))

esp_err_t hotreload_probe_start(const hotreload_probe_config_t *config, httpd_handle_t *server)
{
    httpd_config_t settings = HTTPD_DEFAULT_CONFIG();
    settings.server_port = HOTRELOAD_PROBE_PORT;
    settings.max_uri_handlers = ENDPOINT_COUNT + config->own_endpoints;
    settings.stack_size = config->stack_size != 0 ? config->stack_size : DEFAULT_STACK_SIZE;
    settings.lru_purge_enable = true;
    probe_call_init(config);

    httpd_handle_t started = NULL;
    esp_err_t err = httpd_start(&started, &settings);
    for (size_t i = 0; err == ESP_OK && i < ENDPOINT_COUNT; i++) {
        err = httpd_register_uri_handler(started, &endpoints[i]);
    }
    if (err == ESP_OK) {
        ESP_LOGW(TAG, "on port %d everyone can read and write this device's memory: for tests only",
                 HOTRELOAD_PROBE_PORT);
    } else {
        ESP_LOGE(TAG, "no server on port %d: %s", HOTRELOAD_PROBE_PORT, esp_err_to_name(err));
    }
    if (server != NULL) {
        *server = started;
    }
    return err;
}
