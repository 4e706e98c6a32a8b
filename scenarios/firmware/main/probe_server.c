/* What requests to the component's server cost, and its end where it cannot end. */
#include <stdlib.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "probe.h"
#include "reloadable_util.h"

#define BALLAST_SIZE 64

typedef struct ballast {
    struct ballast *next;
    uint8_t bytes[BALLAST_SIZE];
} ballast_t;

static ballast_t *ballast;
static esp_err_t stopped;
static esp_err_t started;

static httpd_handle_t rival;

/* max=..: the largest ELF that the server takes; ctrl=.., port=..: what it listens on */
static hotreload_server_config_t asked_config(httpd_req_t *request)
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    config.max_elf_size = hotreload_probe_query_number(request, "max", 0);
    config.port = (uint16_t)hotreload_probe_query_number(request, "port", 0);
    config.ctrl_port = (uint16_t)hotreload_probe_query_number(request, "ctrl", 0);
    return config;
}

esp_err_t probe_handle_server_start(httpd_req_t *request)
{
    const hotreload_server_config_t config = asked_config(request);
    return hotreload_probe_send_result(request, hotreload_server_start(&config));
}

esp_err_t probe_handle_server_stop(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, hotreload_server_stop());
}

/* Another server of the application, with little room and with the ports of ESP-IDF's HTTPS server. */
esp_err_t probe_handle_rival(httpd_req_t *request)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = 443;
    config.ctrl_port = ESP_HTTPD_DEF_CTRL_PORT + 1;
    config.max_open_sockets = 1;
    config.max_uri_handlers = 3;
    return hotreload_probe_send_result(request, httpd_start(&rival, &config));
}

/* to=rival: to that one, else to the probe's own server */
esp_err_t probe_handle_server_attach(httpd_req_t *request)
{
    char host[8];
    const hotreload_server_config_t config = asked_config(request);
    hotreload_probe_query_text(request, "to", host, sizeof(host));
    return hotreload_probe_send_result(
        request, hotreload_server_attach(host[0] == 'r' ? rival : request->handle, &config));
}

esp_err_t probe_handle_server_detach(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, hotreload_server_detach());
}

static size_t minimum_free(void)
{
    return heap_caps_get_minimum_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL);
}

/* Takes memory until there was never less: from here on the lowest figure since boot shows what is
   needed at most. */
esp_err_t probe_handle_heap_level(httpd_req_t *request)
{
    vTaskDelay(2); /* the idle task gives back what ended tasks had */
    size_t minimum = minimum_free();
    while (minimum_free() >= minimum) {
        ballast_t *more = malloc(sizeof(*more));
        if (more == NULL) {
            return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no memory");
        }
        more->next = ballast;
        ballast = more;
    }
    size_t free_now = heap_caps_get_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL);
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"free\":%u}", (unsigned)free_now);
    return hotreload_probe_reply_send(request, &reply);
}

static void stop_in_hook(void *context)
{
    (void)context;
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    stopped = hotreload_server_stop();
    started = hotreload_server_start(&config);
}

esp_err_t probe_handle_stop_in_hook(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, hotreload_register_pre_hook(stop_in_hook, NULL));
}

esp_err_t probe_handle_stopped_in_hook(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"stop\":\"%s\",\"start\":\"%s\"}", hotreload_err_to_name(stopped),
                              hotreload_err_to_name(started));
    return hotreload_probe_reply_send(request, &reply);
}
