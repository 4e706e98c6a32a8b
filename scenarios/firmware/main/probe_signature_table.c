/* Runs the table of C signatures: each function in the module directly, through its stub, and the
 * firmware's own copy of it. */
#include <string.h>

#include "control_flow.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "probe.h"
#include "reloadable_util.h"
#include "signature_run.h"

/* 320 calls deep at -O0 */
#define STACK_SIZE (80 * 1024)
#define PRIORITY 5
#define MAX_SHOWN 20

/* in 1/4 of the ticks or more the task is in a stub: it does little else */
#define PREEMPTIONS 400

typedef struct {
    TaskHandle_t waiting;
    char group[32];
    probe_reply_t reply;
    size_t rows;
    size_t wrong;
} job_t;

sig_function_t *sig_loaded(const char *name)
{
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            return (sig_function_t *)hotreload_symbol_table[i];
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
        probe_reply_add(&job->reply, "%s\"%s: %s (%s, depth %u): %s %u\"",
                        job->wrong > 1 ? "," : "", row->name, row->prototype, way, depth,
                        outcome->wrong, outcome->argument);
    }
}

static void table_task(void *argument)
{
    job_t *job = argument;
    probe_reply_add(&job->reply, "{\"shown\":[");
    job->rows = sig_run(job->group, report, job);
    probe_reply_add(&job->reply, "],\"rows\":%u,\"wrong\":%u}", (unsigned)job->rows,
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
    return probe_reply_send(request, &job->reply);
}

/* group=.. */
esp_err_t probe_handle_signature_table(httpd_req_t *request)
{
    job_t job = {0};
    probe_query_text(request, "group", job.group, sizeof(job.group));
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
    probe_reply_add(&job->reply, "{\"calls\":%u,\"wrong\":%u,\"dives_right\":%s}", (unsigned)calls,
                    (unsigned)wrong, dives_right ? "true" : "false");
    xTaskNotifyGive(job->waiting);
    vTaskDelete(NULL);
}

esp_err_t probe_handle_preempted_calls(httpd_req_t *request)
{
    job_t job = {0};
    return run_in_task(request, preempted_task, &job);
}
