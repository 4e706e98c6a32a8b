/* Loads, unloads, updates and ends as an application would ask for them in C. */
#include <stdlib.h>
#include <string.h>

#include "esp_idf_version.h"
#include "esp_system.h"
#include "hotreload.h"
#include "probe.h"
#include "reloadable_util.h"

#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 5, 0)
#include "esp_netif.h"
#include "esp_netif_net_stack.h"
#include "lwip/netif.h"
#endif

esp_err_t probe_handle_load(httpd_req_t *request)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    return hotreload_probe_send_result(request, hotreload_load(&config));
}

esp_err_t probe_handle_reload(httpd_req_t *request)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    return hotreload_probe_send_result(request, hotreload_reload(&config));
}

esp_err_t probe_handle_unload(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, hotreload_unload());
}

/* shift=1..3 puts the ELF at an address that is not aligned */
esp_err_t probe_handle_load_from_ram(httpd_req_t *request)
{
    size_t size = request->content_len;
    uint32_t shift = hotreload_probe_query_number(request, "shift", 0) & 3u;
    uint8_t *body = probe_receive_body(request, shift);
    esp_err_t result = ESP_ERR_NO_MEM;
    if (body != NULL) {
        result = hotreload_load_from_buffer(body + shift, size, hotreload_symbol_table,
                                            hotreload_symbol_names, hotreload_symbol_count);
        /* a loader that still looks at the caller's buffer afterwards shall be found out */
        memset(body, 0xa5, shift + size);
    }
    free(body);
    return hotreload_probe_send_result(request, result);
}

/* label=..: writes the body to that partition */
esp_err_t probe_handle_update(httpd_req_t *request)
{
    char label[20];
    size_t size = request->content_len;
    hotreload_probe_query_text(request, "label", label, sizeof(label));
    void *body = probe_receive_body(request, 0);
    esp_err_t result = ESP_ERR_NO_MEM;
    if (body != NULL) {
        result = hotreload_update_partition(label, body, size);
    }
    free(body);
    return hotreload_probe_send_result(request, result);
}

/* At a restart ESP-IDF's protocol_examples_common frees the driver of Ethernet before the interface, and
   if the event loop has not heard of it by then, the interface has the freed driver leave its multicast
   groups: since v5.5, which tells drivers of them. */
static void forget_multicast_filters(void)
{
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 5, 0)
    struct netif *netif = esp_netif_get_netif_impl(esp_netif_get_default_netif());
    netif_set_igmp_mac_filter(netif, NULL);
    netif_set_mld_mac_filter(netif, NULL);
#endif
}

esp_err_t probe_handle_restart(httpd_req_t *request)
{
    hotreload_probe_send_result(request, ESP_OK);
    forget_multicast_filters();
    esp_restart();
}

esp_err_t probe_handle_crash(httpd_req_t *request)
{
    hotreload_probe_send_result(request, ESP_OK);
    abort();
}
