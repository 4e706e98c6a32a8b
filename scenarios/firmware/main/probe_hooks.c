/* Hooks that write down when they ran and what the module answered at that moment. */
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "reloadable_util.h"

#define MAX_CALLS 64
#define MAX_CONTEXTS 8

typedef struct {
    const char *kind;
    char hook;
    uint32_t context;
    int32_t answer;
} hook_call_t;

static hook_call_t calls[MAX_CALLS];
static size_t call_count;
static uint32_t contexts[MAX_CONTEXTS] = {0, 1, 2, 3, 4, 5, 6, 7};

static void record(const char *kind, char hook, const void *context)
{
    if (call_count < MAX_CALLS) {
        hook_call_t call = {
            .kind = kind,
            .hook = hook,
            .context = *(const uint32_t *)context,
            .answer = answer(),
        };
        calls[call_count++] = call;
    }
}

static void pre_hook_a(void *context)
{
    record("pre", 'a', context);
}

static void pre_hook_b(void *context)
{
    record("pre", 'b', context);
}

static void post_hook_a(void *context)
{
    record("post", 'a', context);
}

static void post_hook_b(void *context)
{
    record("post", 'b', context);
}

static bool is_post(httpd_req_t *request)
{
    char kind[8];
    return hotreload_probe_query_text(request, "kind", kind, sizeof(kind)) && strcmp(kind, "post") == 0;
}

/* kind=pre|post hook=a|b context=0..7 */
esp_err_t probe_handle_hook_register(httpd_req_t *request)
{
    char hook[4];
    hotreload_probe_query_text(request, "hook", hook, sizeof(hook));
    bool second = strcmp(hook, "b") == 0;
    uint32_t *context = &contexts[hotreload_probe_query_number(request, "context", 0) % MAX_CONTEXTS];

    hotreload_hook_fn_t function;
    esp_err_t result;
    if (is_post(request)) {
        function = second ? post_hook_b : post_hook_a;
        result = hotreload_register_post_hook(function, context);
    } else {
        function = second ? pre_hook_b : pre_hook_a;
        result = hotreload_register_pre_hook(function, context);
    }
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply,
                              "{\"code\":%d,\"error\":\"%s\",\"fn\":\"0x%08lx\",\"ctx\":\"0x%08lx\"}",
                              (int)result, hotreload_err_to_name(result), (unsigned long)(uintptr_t)function,
                              (unsigned long)(uintptr_t)context);
    return hotreload_probe_reply_send(request, &reply);
}

/* From a task of its own, of a higher priority: it has to wait while the hook runs. */
static volatile bool is_running;
static volatile bool ran_after_removal;
static TaskHandle_t remover;
static void slow_hook(void *context);

static void remove_slow_hook(void *arg)
{
    (void)arg;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    hotreload_unregister_pre_hook(slow_hook, NULL);
    hotreload_unregister_post_hook(slow_hook, NULL);
    ran_after_removal = is_running;
    remover = NULL;
    vTaskDelete(NULL);
}

static void slow_hook(void *context)
{
    (void)context;
    is_running = true;
    record("slow", 's', &contexts[0]);
    if (remover != NULL) {
        xTaskNotifyGive(remover);
    }
    vTaskDelay(3);
    is_running = false;
}

/* kind=pre|post hook=a|b context=0..7: unregisters that one. hook=slow: registers one of both kinds
 * that is removed while it runs as a pre hook. hook=module: tries to register a function of the
 * module. */
esp_err_t probe_handle_hook_remove(httpd_req_t *request)
{
    char hook[8];
    hotreload_probe_query_text(request, "hook", hook, sizeof(hook));
    if (strcmp(hook, "slow") == 0) {
        esp_err_t err = hotreload_register_pre_hook(slow_hook, NULL);
        if (err == ESP_OK) {
            err = hotreload_register_post_hook(slow_hook, NULL);
        }
        if (err == ESP_OK
            && xTaskCreate(remove_slow_hook, "remover", 3072, NULL, 10, &remover) != pdPASS) {
            err = ESP_ERR_NO_MEM;
        }
        return hotreload_probe_send_result(request, err);
    }
    if (strcmp(hook, "ran") == 0) {
        return hotreload_probe_send_result(request, ran_after_removal ? ESP_FAIL : ESP_OK);
    }
    if (strcmp(hook, "module") == 0) {
        hotreload_hook_fn_t inside = (hotreload_hook_fn_t)(uintptr_t)hotreload_symbol_table[0];
        return hotreload_probe_send_result(request, is_post(request)
                                              ? hotreload_register_post_hook(inside, NULL)
                                              : hotreload_register_pre_hook(inside, NULL));
    }
    bool second = strcmp(hook, "b") == 0;
    uint32_t *context = &contexts[hotreload_probe_query_number(request, "context", 0) % MAX_CONTEXTS];
    esp_err_t err = is_post(request)
        ? hotreload_unregister_post_hook(second ? post_hook_b : post_hook_a, context)
        : hotreload_unregister_pre_hook(second ? pre_hook_b : pre_hook_a, context);
    return hotreload_probe_send_result(request, err);
}

/* kind=pre|post: unregisters all of that kind */
esp_err_t probe_handle_hook_clear(httpd_req_t *request)
{
    return hotreload_probe_send_result(request, is_post(request) ? hotreload_register_post_hook(NULL, NULL)
                                                       : hotreload_register_pre_hook(NULL, NULL));
}

esp_err_t probe_handle_hook_calls(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "[");
    for (size_t i = 0; i < call_count; i++) {
        hotreload_probe_reply_add(&reply,
                                  "%s{\"kind\":\"%s\",\"hook\":\"%c\",\"context\":%lu,\"answer\":%ld}",
                                  i == 0 ? "" : ",", calls[i].kind, calls[i].hook,
                                  (unsigned long)calls[i].context, (long)calls[i].answer);
    }
    hotreload_probe_reply_add(&reply, "]");
    return hotreload_probe_reply_send(request, &reply);
}
