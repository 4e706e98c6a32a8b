/* Runs the table of C signatures: each function in the module directly, through its stub, and the
 * firmware's own copy of it. */
#include <stdlib.h>
#include <string.h>

#include "control_flow.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "probe.h"
#include "reloadable_util.h"
#include "signature_run.h"

/* 320 calls deep at -O0 */
#define STACK_SIZE (80 * 1024)
#define PRIORITY 5
#define MAX_SHOWN 20

/* in 1/4 of the ticks or more the task is in a stub: it does little else */
#define PREEMPTIONS 400
#define HELD_RELOADS 50

typedef struct {
    TaskHandle_t waiting;
    char group[32];
    bool in_hook;
    hotreload_probe_reply_t reply;
    size_t rows;
    size_t wrong;
} job_t;

/* While calls are held the symbol table leads elsewhere: the functions in the module before that. */
static const uint32_t *before_held;

sig_function_t *sig_loaded(const char *name)
{
    const uint32_t *table = before_held != NULL ? before_held : hotreload_symbol_table;
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            return (sig_function_t *)table[i];
        }
    }
    return NULL;
}

/* ---- a function that does not return, in a task of its own ---- */

typedef struct {
    TaskHandle_t waiting;
    void (*body)(void *context);
    void *context;
} apart_t;

static TaskHandle_t left_to;

static void apart_task(void *argument)
{
    const apart_t *apart = argument;
    left_to = apart->waiting;
    apart->body(apart->context);
    flow_leave(0);
}

_Noreturn void flow_leave(uint32_t value)
{
    xTaskNotify(left_to, value, eSetValueWithOverwrite);
    vTaskDelete(NULL);
    abort();
}

uint32_t flow_apart(void (*body)(void *context), void *context)
{
    apart_t apart = {xTaskGetCurrentTaskHandle(), body, context};
    uint32_t value = 0;
    if (xTaskCreate(apart_task, "apart", 4096, &apart, PRIORITY + 1, NULL) == pdPASS) {
        xTaskNotifyWait(0, 0, &value, portMAX_DELAY);
    }
    return value;
}

/* ---- the table ---- */

static void report(void *context, const sig_row_t *row, const char *way, unsigned depth,
                   const sig_outcome_t *outcome)
{
    job_t *job = context;
    if (job->wrong++ < MAX_SHOWN) {
        hotreload_probe_reply_add(&job->reply, "%s\"%s: %s (%s, depth %u): %s %u\"",
                                  job->wrong > 1 ? "," : "", row->name, row->prototype, way, depth,
                                  outcome->wrong, outcome->argument);
    }
}

static void run_group(void *argument)
{
    job_t *job = argument;
    job->rows = sig_run(job->group, report, job);
}

/* In a hook, where the stubs lead to where calls are held: the task that reloads is not. */
static void run_group_in_hook(job_t *job)
{
    const size_t size = hotreload_symbol_count * sizeof(uint32_t);
    uint32_t *table = malloc(size);
    if (table == NULL || hotreload_register_pre_hook(run_group, job) != ESP_OK) {
        free(table);
        return;
    }
    memcpy(table, hotreload_symbol_table, size);
    before_held = table;
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_reload(&config);
    hotreload_unregister_pre_hook(run_group, job);
    before_held = NULL;
    free(table);
}

static void table_task(void *argument)
{
    job_t *job = argument;
    hotreload_probe_reply_add(&job->reply, "{\"shown\":[");
    if (job->in_hook) {
        run_group_in_hook(job);
    } else {
        run_group(job);
    }
    hotreload_probe_reply_add(&job->reply, "],\"rows\":%u,\"wrong\":%u}", (unsigned)job->rows,
                              (unsigned)job->wrong);
    xTaskNotifyGive(job->waiting);
    vTaskDelete(NULL);
}

static esp_err_t run_in_task(httpd_req_t *request, TaskFunction_t task, job_t *job)
{
    job->waiting = xTaskGetCurrentTaskHandle();
    if (xTaskCreate(task, "signatures", STACK_SIZE, job, PRIORITY, NULL) != pdPASS) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no memory");
    }
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    return hotreload_probe_reply_send(request, &job->reply);
}

/* group=..; with hook=1 in the pre hook of a reload */
esp_err_t probe_handle_signature_table(httpd_req_t *request)
{
    job_t job = {.in_hook = hotreload_probe_query_number(request, "hook", 0) != 0};
    hotreload_probe_query_text(request, "group", job.group, sizeof(job.group));
    return run_in_task(request, table_task, &job);
}

/* ---- calls that are interrupted ---- */

static volatile uint32_t preemptions;
static volatile bool dives_right;

/* takes the processor away at each tick, and all register windows with it */
static void diver_task(void *argument)
{
    dives_right = true;
    for (preemptions = 0; preemptions < PREEMPTIONS; preemptions++) {
        vTaskDelay(1);
        dives_right = flow_dive(30, (sig_function_t *)flow_dive) == 465 && dives_right;
    }
    vTaskDelete(NULL);
}

static void preempted_task(void *argument)
{
    job_t *job = argument;
    preemptions = 0;
    bool started =
        xTaskCreate(diver_task, "diver", 16 * 1024, NULL, PRIORITY + 1, NULL) == pdPASS;
    uint32_t calls = 0;
    uint32_t wrong = 0;
    while (started && preemptions < PREEMPTIONS) {
        wrong += flow_quick(1, 20, 300, 4000, 50000, 600000, 7000000, calls)
                 != 1 + 40 + 900 + 16000 + 250000 + 3600000 + 49000000 + 8 * calls;
        calls++;
    }
    hotreload_probe_reply_add(&job->reply, "{\"calls\":%u,\"wrong\":%u,\"dives_right\":%s}", (unsigned)calls,
                              (unsigned)wrong, dives_right ? "true" : "false");
    xTaskNotifyGive(job->waiting);
    vTaskDelete(NULL);
}

esp_err_t probe_handle_preempted_calls(httpd_req_t *request)
{
    job_t job = {0};
    return run_in_task(request, preempted_task, &job);
}

/* ---- calls that are held ---- */

static volatile uint32_t reloads_left;

static void reloading_task(void *argument)
{
    (void)argument;
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    uint32_t failed = 0;
    while (reloads_left > 0) {
        vTaskDelay(1);
        failed += hotreload_reload(&config) != ESP_OK;
        reloads_left = failed > 0 ? 0 : reloads_left - 1;
    }
    vTaskDelete(NULL);
}

static uint32_t wrong_call(uint32_t n)
{
    return flow_quick(1, 20, 300, 4000, 50000, 600000, 7000000, n)
           != 1 + 40 + 900 + 16000 + 250000 + 3600000 + 49000000 + 8 * n;
}

static void held_task(void *argument)
{
    job_t *job = argument;
    uint32_t calls = 0;
    uint32_t wrong = 0;
    reloads_left = HELD_RELOADS;
    bool started =
        xTaskCreate(reloading_task, "reloader", 4096, NULL, PRIORITY + 1, NULL) == pdPASS;
    while (started && reloads_left > 0) {
        wrong += wrong_call(calls++);
    }
    hotreload_probe_reply_add(&job->reply, "{\"calls\":%u,\"wrong\":%u,\"dives_right\":%s}", (unsigned)calls,
                              (unsigned)wrong, started ? "true" : "false");
    xTaskNotifyGive(job->waiting);
    vTaskDelete(NULL);
}

/* A call with arguments on the stack, while the module is replaced by itself. */
esp_err_t probe_handle_held_calls(httpd_req_t *request)
{
    job_t job = {0};
    return run_in_task(request, held_task, &job);
}
