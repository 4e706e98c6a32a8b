/* Carrying the module's state across a reload, as an application does it with hooks; and
 * the firmware's own state, which no load may touch. */
#include "firmware_state.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"

typedef struct {
    uint32_t counter;
    list_node_t *list;
    channel_t *channel;
} carried_t;

static carried_t carried;

/* one block in each section that a load could write over by mistake */
static uint32_t guarded_data[256] = {0x5eed, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static uint32_t guarded_bss[256];

static void save_state(void *context)
{
    carried_t *kept = context;
    kept->counter = counter_value();
    kept->list = list_release();
    kept->channel = link_release();
}

static void restore_state(void *context)
{
    carried_t *kept = context;
    counter_restore(kept->counter);
    list_adopt(kept->list);
    link_adopt(kept->channel);
    kept->list = NULL;
    kept->channel = NULL;
}

esp_err_t probe_handle_state_carry(httpd_req_t *request)
{
    esp_err_t err = hotreload_register_pre_hook(save_state, &carried);
    if (err == ESP_OK) {
        err = hotreload_register_post_hook(restore_state, &carried);
    }
    return hotreload_probe_send_result(request, err);
}

static uint32_t digest(const volatile uint32_t *words, size_t count)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < count; i++) {
        sum = (sum ^ words[i]) * 16777619u;
    }
    return sum;
}

esp_err_t probe_handle_state(httpd_req_t *request)
{
    channel_report_t channels = channel_report();
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply,
                              "{\"data\":%lu,\"bss\":%lu,\"word\":%lu,\"opened\":%lu,\"closed\":%lu,"
                              "\"digest\":%lu}",
                              (unsigned long)digest(guarded_data, 256),
                              (unsigned long)digest(guarded_bss, 256), (unsigned long)firmware_word,
                              (unsigned long)channels.opened, (unsigned long)channels.closed,
                              (unsigned long)channels.digest);
    return hotreload_probe_reply_send(request, &reply);
}
