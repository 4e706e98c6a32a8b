/* A task does something with the module, and at one or two chosen moments another one takes the
 * processor and does something else: by an alarm, whose moment is an instruction where the emulator
 * counts these. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/task_snapshot.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "reloadable_util.h"
#include "xtensa/xt_timer.h"

#define STACK 4096
#define FIRST_PRIORITY 3
#define SECOND_PRIORITY 20
/* before it begins, for the alarm to be set in time: turns of two instructions */
#define TURNS 200
#define POINTS_MAX 1024
#define OUTCOMES_MAX 16
/* of the frame of a stopped task (XtExcFrame, XtSolFrame) */
#define FRAME_EXIT 0
#define FRAME_PC 1

typedef int32_t (*action_t)(void);

typedef struct {
    int32_t first;
    int32_t second;
    int32_t third; /* where there is a second moment */
    int32_t after; /* what answer() gives then */
} outcome_t;

static struct {
    uint8_t *elf;
    size_t size;
} modules[2];

typedef struct {
    uint32_t at;    /* cycles from the beginning to the alarm */
    uint32_t again; /* from there, when the second action is done, to another alarm; 0: none */
} moment_t;

static struct {
    TaskHandle_t first;
    TaskHandle_t second;
    TaskHandle_t asking;
    action_t act_first;
    action_t act_second;
    action_t act_third;
    moment_t moment;
    volatile bool acts; /* the first one */
    uint32_t pc;        /* where it was stopped; 0: it was not */
    outcome_t outcome;
} point;

static uint32_t stopped_at[POINTS_MAX];

static struct {
    outcome_t outcome;
    moment_t moment;
    uint32_t pc;
    uint32_t times;
} outcomes[OUTCOMES_MAX];

/* ---- what is done ---- */

static esp_err_t load(int which)
{
    return hotreload_load_from_buffer(modules[which].elf, modules[which].size,
                                      hotreload_symbol_table, hotreload_symbol_names,
                                      hotreload_symbol_count);
}

static int32_t nothing(void)
{
    return 0;
}

static int32_t call(void)
{
    return answer();
}

static int32_t replace(void)
{
    return load(1);
}

static int32_t unload(void)
{
    return hotreload_unload();
}

static int32_t delete_first(void)
{
    vTaskDelete(point.first);
    point.first = NULL;
    return load(1);
}

static const struct {
    const char *name;
    action_t act;
} actions[] = {
    {"nothing", nothing},
    {"call", call},
    {"replace", replace},
    {"unload", unload},
    {"delete", delete_first},
};

static action_t action_of(httpd_req_t *request, const char *key)
{
    char name[16];
    hotreload_probe_query_text(request, key, name, sizeof(name));
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        if (strcmp(name, actions[i].name) == 0) {
            return actions[i].act;
        }
    }
    return NULL;
}

static const char *name_of(action_t act)
{
    size_t i = 0;
    while (actions[i].act != act) {
        i++;
    }
    return actions[i].name;
}

/* ---- the tasks ---- */

/* The observer of an emulator sees when these are called. */
__attribute__((noinline)) void observed_begin(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void observed_end(void)
{
    __asm__ volatile("");
}

static void act_first(void *arg)
{
    (void)arg;
    vTaskDelay(1); /* the next tick is far */
    xt_alarm_set(XT_ALARM_PROBE, xt_timer_cycles() + point.moment.at);
    uint32_t turns = TURNS;
    __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(turns));
    point.acts = true;
    observed_begin();
    point.outcome.first = point.act_first();
    observed_end();
    point.acts = false;
    xTaskNotifyGive(point.asking);
    vTaskSuspend(NULL);
}

static void on_alarm(void)
{
    BaseType_t woken = pdFALSE;
    vTaskNotifyGiveFromISR(point.second, &woken);
    portYIELD_FROM_ISR(woken);
}

static uint32_t pc_of_first(void)
{
    TaskSnapshot_t snapshot;
    vTaskGetSnapshot(point.first, &snapshot);
    const uint32_t *frame = (const uint32_t *)snapshot.pxTopOfStack;
    bool was_stopped = point.acts && eTaskGetState(point.first) == eReady && frame[FRAME_EXIT] != 0;
    return was_stopped ? frame[FRAME_PC] : 0;
}

static void act_second(void *arg)
{
    (void)arg;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    point.pc = pc_of_first();
    point.outcome.second = point.act_second();
    if (point.moment.again != 0) {
        xt_alarm_set(XT_ALARM_PROBE, xt_timer_cycles() + point.moment.again);
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        point.outcome.third = point.act_third();
    }
    xTaskNotifyGive(point.asking);
    vTaskSuspend(NULL);
}

/* ---- the points ---- */

static void note_outcome(void)
{
    for (int i = 0; i < OUTCOMES_MAX; i++) {
        if (outcomes[i].times == 0) {
            outcomes[i].outcome = point.outcome;
            outcomes[i].moment = point.moment;
            outcomes[i].pc = point.pc;
        }
        if (memcmp(&outcomes[i].outcome, &point.outcome, sizeof(point.outcome)) == 0) {
            outcomes[i].times++;
            return;
        }
    }
}

static void delete_tasks(void)
{
    if (point.first != NULL) {
        vTaskDelete(point.first);
    }
    vTaskDelete(point.second);
}

/* Both have done what they had to; one that was deleted does not tell. */
static void wait_for_both(void)
{
    for (int told = 0; told < (point.first == NULL ? 1 : 2); told++) {
        ulTaskNotifyTake(pdFALSE, portMAX_DELAY);
    }
}

static esp_err_t run_point(bool loaded)
{
    esp_err_t err = loaded ? load(0) : hotreload_unload();
    if (err != ESP_OK && loaded) {
        return err;
    }
    point.outcome = (outcome_t) {0};
    point.asking = xTaskGetCurrentTaskHandle();
    ulTaskNotifyTake(pdTRUE, 0); /* one that has told and was then deleted */
    if (xTaskCreate(act_second, "second", STACK, NULL, SECOND_PRIORITY, &point.second) != pdPASS
        || xTaskCreate(act_first, "first", STACK, NULL, FIRST_PRIORITY, &point.first) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    wait_for_both();
    point.outcome.after = answer();
    delete_tasks();
    vTaskDelay(2); /* what was replaced is freed */
    note_outcome();
    return ESP_OK;
}

static esp_err_t run_points(const uint8_t *moments, uint32_t count, bool loaded)
{
    esp_err_t err = ESP_OK;
    memset(outcomes, 0, sizeof(outcomes));
    for (uint32_t i = 0; err == ESP_OK && i < count; i++) {
        memcpy(&point.moment, moments + i * sizeof(moment_t), sizeof(moment_t));
        printf("schedule: %s, at %lu %s, after %lu more %s\n", name_of(point.act_first),
               (unsigned long)point.moment.at, name_of(point.act_second),
               (unsigned long)point.moment.again, name_of(point.act_third));
        err = run_point(loaded);
        stopped_at[i] = point.pc;
    }
    return err;
}

static void send(httpd_req_t *request, esp_err_t err)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"error\":\"%s\",\"stopped_at\":%lu,\"outcomes\":[",
                              esp_err_to_name(err), (unsigned long)(uintptr_t)stopped_at);
    for (int i = 0; i < OUTCOMES_MAX && outcomes[i].times > 0; i++) {
        hotreload_probe_reply_add(
            &reply,
            "%s{\"first\":%ld,\"second\":%ld,\"third\":%ld,\"after\":%ld,\"at\":%lu,\"again\":%lu,"
            "\"pc\":%lu}",
            i > 0 ? "," : "", (long)outcomes[i].outcome.first, (long)outcomes[i].outcome.second,
            (long)outcomes[i].outcome.third, (long)outcomes[i].outcome.after,
            (unsigned long)outcomes[i].moment.at, (unsigned long)outcomes[i].moment.again,
            (unsigned long)outcomes[i].pc);
    }
    hotreload_probe_reply_add(&reply, "]}");
    hotreload_probe_reply_send(request, &reply);
}

/* The body has two modules, of `first` and `second` bytes, and moments, two words each. loaded=0|1:
 * whether the first module is loaded when a point begins. does=.. other=.. third=..: what is done,
 * and what at the moments. A line of the console begins each point. */
esp_err_t probe_handle_schedule(httpd_req_t *request)
{
    size_t first = hotreload_probe_query_number(request, "first", 0);
    size_t second = hotreload_probe_query_number(request, "second", 0);
    uint8_t *body = probe_receive_body(request, 0);
    size_t left = request->content_len - first - second;
    uint32_t count = (uint32_t)(left / sizeof(moment_t));
    point.act_first = action_of(request, "does");
    point.act_second = action_of(request, "other");
    point.act_third = action_of(request, "third");
    if (body == NULL || left > request->content_len || count > POINTS_MAX || point.act_first == NULL
        || point.act_second == NULL || point.act_third == NULL) {
        free(body);
        return httpd_resp_send_err(request, HTTPD_400_BAD_REQUEST, "no modules or no actions");
    }
    modules[0].elf = body;
    modules[0].size = first;
    modules[1].elf = body + first;
    modules[1].size = second;
    xt_alarm_set_handler(XT_ALARM_PROBE, on_alarm);
    esp_err_t err = run_points(body + first + second, count,
                               hotreload_probe_query_number(request, "loaded", 1) != 0);
    free(body);
    send(request, err);
    return ESP_OK;
}
