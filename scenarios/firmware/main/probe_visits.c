/* Tasks that are inside the module when something happens to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "probe_handover.h"
#include "reloadable_util.h"

#define VISITORS 8
#define VISITOR_STACK 8192
#define VISITOR_PRIORITY 1 /* below the probe, which has to answer while one computes */
#define PATIENCE pdMS_TO_TICKS(60000)

/* what a visitor does when it has got as deep into the module as it shall */
typedef enum {
    WAIT_FOR_QUEUE,
    DELAY,
    COMPUTE,
    WAIT_FOR_SWITCH,
    HAVE_MUTEX,      /* until the hook wants it, then calls the module once more */
    RELOAD,
    RELOAD_SLOWLY,   /* with a hook that lets other tasks run */
    RELOAD_IN_HOOK,  /* with a hook that reloads */
} stay_t;

static const char *const stay_names[] = {
    "queue", "delay", "compute", "switch", "mutex", "reload", "reload-slowly", "reload-in-hook",
};

typedef struct {
    stay_t stay;
    uint32_t depth;
    TaskHandle_t task;
    QueueHandle_t gate;
    SemaphoreHandle_t arrived;
    SemaphoreHandle_t left;
    bool planned; /* the task has not begun */
    uint32_t module; /* address of a function of the module that it entered */
    volatile bool go;
    uint32_t result;
    esp_err_t error; /* of the reload */
    esp_err_t hook_error; /* of the reload in its hook */
} visitor_t;

static visitor_t visitors[VISITORS];

static esp_err_t reload(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    return hotreload_reload(&config);
}

static void hook_that_waits(void *context)
{
    (void)context;
    vTaskDelay(3);
}

static void hook_that_reloads(void *context)
{
    visitor_t *visitor = context;
    visitor->hook_error = reload();
}

static void wait_at(const visitor_t *visitor)
{
    uint8_t token;
    xQueueReceive(visitor->gate, &token, portMAX_DELAY);
}

const volatile bool *firmware_stay(uint32_t slot)
{
    visitor_t *visitor = &visitors[slot];
    printf("visitor %u is inside\n", (unsigned)slot);
    if (visitor->stay == HAVE_MUTEX) {
        probe_handover_take_mutex();
    }
    xSemaphoreGive(visitor->arrived);
    switch (visitor->stay) {
    case WAIT_FOR_QUEUE:
        wait_at(visitor);
        break;
    case DELAY:
        while (!visitor->go) {
            vTaskDelay(1);
        }
        break;
    case COMPUTE:
        break; /* in the module, until told to go */
    case WAIT_FOR_SWITCH:
        while (hotreload_symbol_table[0] == visitor->module) {
            vTaskDelay(1);
        }
        visitor->go = true;
        break;
    case HAVE_MUTEX:
        probe_handover_have_mutex();
        visitor->go = true;
        break;
    case RELOAD_SLOWLY:
        wait_at(visitor);
        hotreload_register_pre_hook(hook_that_waits, NULL);
        visitor->error = reload();
        visitor->go = true;
        break;
    case RELOAD_IN_HOOK:
        hotreload_register_pre_hook(hook_that_reloads, visitor);
        /* fall through */
    case RELOAD:
        visitor->error = reload();
        visitor->go = true;
        break;
    }
    return &visitor->go;
}

void firmware_leave(uint32_t slot, uint32_t result)
{
    visitors[slot].result = result;
    xSemaphoreGive(visitors[slot].left);
    vTaskDelete(NULL);
}

uint32_t firmware_visit(uint32_t depth, uint32_t slot)
{
    volatile uint32_t mine = depth;
    return visit(depth - 1, slot) + (mine - depth);
}

static void visit_once(void *arg)
{
    const visitor_t *visitor = arg;
    uint32_t slot = (uint32_t)(visitor - visitors);
    firmware_leave(slot, visit(visitor->depth, slot));
}

static TaskFunction_t in_module(const char *name)
{
    size_t i = 0;
    while (strcmp(hotreload_symbol_names[i], name) != 0) {
        i++;
    }
    return (TaskFunction_t)(uintptr_t)hotreload_symbol_table[i];
}

static visitor_t *visitor_of(httpd_req_t *request)
{
    return &visitors[hotreload_probe_query_number(request, "slot", 0) % VISITORS];
}

static bool prepare(httpd_req_t *request, visitor_t *visitor)
{
    char stay[20];
    hotreload_probe_query_text(request, "stay", stay, sizeof(stay));
    for (size_t i = 0; i < sizeof(stay_names) / sizeof(stay_names[0]); i++) {
        if (strcmp(stay, stay_names[i]) == 0) {
            *visitor = (visitor_t) {
                .stay = (stay_t)i,
                .depth = hotreload_probe_query_number(request, "depth", 0),
                .gate = xQueueCreate(1, 1),
                .arrived = xSemaphoreCreateBinary(),
                .left = xSemaphoreCreateBinary(),
                .module = hotreload_symbol_table[0],
            };
            return true;
        }
    }
    return false;
}

static void clear(visitor_t *visitor)
{
    vQueueDelete(visitor->gate);
    vSemaphoreDelete(visitor->arrived);
    vSemaphoreDelete(visitor->left);
    visitor->task = NULL;
}

static bool start_inside(visitor_t *visitor)
{
    return xTaskCreate(visit_once, "visitor", VISITOR_STACK, visitor, VISITOR_PRIORITY,
                       &visitor->task) == pdPASS;
}

/* Its memory stays: nobody tells when FreeRTOS no longer needs that of a task that has ended. */
static bool start_in_psram(visitor_t *visitor)
{
    StaticTask_t *task = heap_caps_malloc(sizeof(*task), MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    StackType_t *stack = heap_caps_malloc(VISITOR_STACK, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (task == NULL || stack == NULL) {
        heap_caps_free(task);
        heap_caps_free(stack);
        return false;
    }
    visitor->task = xTaskCreateStatic(visit_once, "visitor", VISITOR_STACK, visitor,
                                      VISITOR_PRIORITY, stack, task);
    return true;
}

/* slot=.. stay=.. depth=..: a task goes that deep into the module; answers when it is there. With
 * psram=1 its stack is in PSRAM. With task=0 it only makes the place ready for a call of visit() by
 * others. */
esp_err_t probe_handle_visit_begin(httpd_req_t *request)
{
    visitor_t *visitor = visitor_of(request);
    if (!prepare(request, visitor)) {
        return httpd_resp_send_err(request, HTTPD_400_BAD_REQUEST, "no such stay");
    }
    bool arrived = true;
    if (hotreload_probe_query_number(request, "task", 1) != 0) {
        bool psram = hotreload_probe_query_number(request, "psram", 0) != 0;
        arrived = (psram ? start_in_psram(visitor) : start_inside(visitor))
            && xSemaphoreTake(visitor->arrived, PATIENCE) == pdTRUE;
    }
    return hotreload_probe_send_result(request, arrived ? ESP_OK : ESP_FAIL);
}

static void tell(visitor_t *visitor)
{
    uint8_t token = 0;
    visitor->go = true;
    xQueueSend(visitor->gate, &token, 0);
}

/* lets all go; they do at the next request at the latest */
esp_err_t probe_handle_visit_tell(httpd_req_t *request)
{
    for (int i = 0; i < VISITORS; i++) {
        if (visitors[i].task != NULL) {
            tell(&visitors[i]);
        }
    }
    return hotreload_probe_send_result(request, ESP_OK);
}

/* slot=..: makes a task of a function of the module, which has not begun when this answers. */
esp_err_t probe_handle_visit_plan(httpd_req_t *request)
{
    visitor_t *visitor = visitor_of(request);
    if (!prepare(request, visitor)
        || xTaskCreate(in_module("visit_as_task"), "visitor", VISITOR_STACK,
                       (void *)(visitor - visitors), VISITOR_PRIORITY, &visitor->task) != pdPASS) {
        return hotreload_probe_send_result(request, ESP_FAIL);
    }
    visitor->planned = true;
    vTaskSuspend(visitor->task); /* of a lower priority than this one */
    return hotreload_probe_send_result(request, ESP_OK);
}

/* slot=..: lets the task go; answers when it has left the module. */
esp_err_t probe_handle_visit_end(httpd_req_t *request)
{
    visitor_t *visitor = visitor_of(request);
    tell(visitor);
    if (visitor->planned) {
        vTaskResume(visitor->task);
    }
    if (xSemaphoreTake(visitor->left, PATIENCE) != pdTRUE) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "it stays");
    }
    clear(visitor);
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"result\":%lu,\"error\":\"%s\",\"hook_error\":\"%s\"}",
                              (unsigned long)visitor->result, hotreload_err_to_name(visitor->error),
                              hotreload_err_to_name(visitor->hook_error));
    return hotreload_probe_reply_send(request, &reply);
}

/* slot=..: deletes the task inside the module. */
esp_err_t probe_handle_visit_delete(httpd_req_t *request)
{
    visitor_t *visitor = visitor_of(request);
    vTaskDelete(visitor->task);
    clear(visitor);
    return hotreload_probe_send_result(request, ESP_OK);
}
