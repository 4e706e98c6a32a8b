/* Handover hooks, and tasks that count in the module while it is replaced. */
#include "probe_handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "reloadable_util.h"

#define COUNTERS 4
#define STACK 4096
#define COUNTER_PRIORITY 2 /* and one above: two of them are preempted by the others */
#define RELOADER_PRIORITY 4
#define PATIENCE pdMS_TO_TICKS(10000)

/* ---- what the hooks saw ---- */

static struct {
    uint32_t calls;
    int32_t new_answer; /* of answer(), called directly; -1: there was no such module */
    int32_t old_answer;
    int32_t stub_answer;
    bool unknown; /* a name that neither has was found */
    uint32_t outcomes;
    esp_err_t outcome; /* in the last post hook */
} seen;

static int32_t answer_of(void *function)
{
    return function != NULL ? ((int32_t (*)(void))function)() : -1;
}

static void look(const hotreload_handover_t *handover)
{
    seen.calls++;
    seen.new_answer = answer_of(hotreload_handover_new(handover, "answer"));
    seen.old_answer = answer_of(hotreload_handover_old(handover, "answer"));
    seen.stub_answer = answer();
    seen.unknown = hotreload_handover_new(handover, "no such function") != NULL
        || hotreload_handover_old(handover, "no such function") != NULL;
}

static esp_err_t watching_hook(const hotreload_handover_t *handover, void *context)
{
    (void)context;
    look(handover);
    return ESP_OK;
}

/* The application goes on meanwhile: the table says what calls get. */
static esp_err_t waiting_hook(const hotreload_handover_t *handover, void *context)
{
    (void)handover;
    (void)context;
    vTaskDelay(2);
    return ESP_OK;
}

static esp_err_t refusing_hook(const hotreload_handover_t *handover, void *context)
{
    (void)context;
    look(handover);
    return ESP_ERR_NOT_SUPPORTED;
}

static void outcome_hook(void *context)
{
    (void)context;
    seen.outcomes++;
    seen.outcome = hotreload_reload_outcome();
}

/* ---- a mutex that a caller has and a hook wants ---- */

static SemaphoreHandle_t mutex;
static volatile bool is_wanted;

void probe_handover_take_mutex(void)
{
    is_wanted = false;
    xSemaphoreTake(mutex, portMAX_DELAY);
}

void probe_handover_have_mutex(void)
{
    while (!is_wanted) {
        vTaskDelay(1);
    }
    answer();
    xSemaphoreGive(mutex);
}

static void hook_that_wants_the_mutex(void *context)
{
    (void)context;
    is_wanted = true;
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreGive(mutex);
}

/* ---- counts ---- */

static uint32_t kept[TALLIES];

static esp_err_t carry_counts(const hotreload_handover_t *handover, void *context)
{
    (void)context;
    uint32_t (*value)(uint32_t) =
        (uint32_t (*)(uint32_t))hotreload_handover_old(handover, "tally_value");
    void (*restore)(uint32_t, uint32_t) =
        (void (*)(uint32_t, uint32_t))hotreload_handover_new(handover, "tally_restore");
    for (uint32_t slot = 0; slot < TALLIES; slot++) {
        restore(slot, value != NULL ? value(slot) : kept[slot]);
    }
    return ESP_OK;
}

/* for a handover without an old module */
static void save_counts(void *context)
{
    (void)context;
    for (uint32_t slot = 0; slot < TALLIES; slot++) {
        kept[slot] = tally_value(slot);
    }
}

/* Others count meanwhile, if they can. */
static void wait_a_little(void *context)
{
    (void)context;
    vTaskDelay(1);
}

typedef struct {
    uint32_t slot;
    volatile uint32_t counts;
    volatile uint32_t wrong; /* a count that was not one more than the last */
    volatile bool ended;
} counter_t;

static counter_t counters[COUNTERS];
static volatile bool stop;
static uint32_t reloads;
static struct {
    uint8_t *elf;
    size_t size;
} images[2];

static void count_without_pause(void *arg)
{
    counter_t *counter = arg;
    uint32_t last = 0;
    while (!stop) {
        uint32_t now = tally_next(counter->slot);
        counter->wrong += now != last + 1;
        counter->counts++;
        last = now;
    }
    counter->ended = true;
    vTaskDelete(NULL);
}

static uint32_t wrong_counts(void)
{
    uint32_t wrong = 0;
    for (int i = 0; i < COUNTERS; i++) {
        wrong += counters[i].wrong;
    }
    return wrong;
}

/* The first wrong count ends it. */
static void reload_and_report(void *arg)
{
    uint32_t done = 0, failed = 0;
    esp_err_t last = ESP_OK;
    while (done < reloads && wrong_counts() == 0) {
        esp_err_t err = hotreload_load_from_buffer(images[done % 2].elf, images[done % 2].size,
                                                   hotreload_symbol_table,
                                                   hotreload_symbol_names,
                                                   hotreload_symbol_count);
        failed += err != ESP_OK;
        last = err != ESP_OK ? err : last;
        done++;
        vTaskDelay(1); /* the counters' turn */
    }
    stop = true;
    uint32_t fewest = UINT32_MAX;
    for (int i = 0; i < COUNTERS; i++) {
        while (!counters[i].ended) {
            vTaskDelay(1);
        }
        fewest = counters[i].counts < fewest ? counters[i].counts : fewest;
    }
    free(arg);
    printf("counted: reloads=%lu failed=%lu wrong=%lu fewest=%lu last=%s\n", (unsigned long)done,
           (unsigned long)failed, (unsigned long)wrong_counts(), (unsigned long)fewest,
           hotreload_err_to_name(last));
    vTaskDelete(NULL);
}

/* The body has two modules, the first one `first` bytes long. Replaces one by the other `reloads`
 * times, while tasks count in them, and no count is wrong; a line on the console tells the end. */
esp_err_t probe_handle_handover_soak(httpd_req_t *request)
{
    size_t first = hotreload_probe_query_number(request, "first", 0);
    uint8_t *body = probe_receive_body(request, 0);
    if (body == NULL || first > request->content_len) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no body");
    }
    reloads = hotreload_probe_query_number(request, "reloads", 0);
    images[0].elf = body;
    images[0].size = first;
    images[1].elf = body + first;
    images[1].size = request->content_len - first;
    hotreload_register_pre_hook(save_counts, NULL);
    hotreload_register_pre_hook(wait_a_little, NULL);
    hotreload_register_handover_hook(carry_counts, NULL);
    hotreload_register_post_hook(wait_a_little, NULL);
    stop = false;
    bool started = true;
    for (uint32_t i = 0; i < COUNTERS; i++) {
        counters[i] = (counter_t) {.slot = i};
        tally_restore(i, 0);
        started &= xTaskCreate(count_without_pause, "counter", STACK, &counters[i],
                               COUNTER_PRIORITY, NULL) == pdPASS;
    }
    started &= xTaskCreate(reload_and_report, "reloader", STACK, body, RELOADER_PRIORITY, NULL)
        == pdPASS;
    return hotreload_probe_send_result(request, started ? ESP_OK : ESP_ERR_NO_MEM);
}

/* ---- requests ---- */

/* does=watch|wait|refuse|mutex: registers such a hook, and one that learns the outcome */
esp_err_t probe_handle_handover(httpd_req_t *request)
{
    char does[8];
    hotreload_probe_query_text(request, "does", does, sizeof(does));
    esp_err_t err = hotreload_register_post_hook(outcome_hook, NULL);
    if (mutex == NULL) {
        mutex = xSemaphoreCreateMutex();
    }
    if (err == ESP_OK && strcmp(does, "mutex") == 0) {
        err = hotreload_register_pre_hook(hook_that_wants_the_mutex, NULL);
    } else if (err == ESP_OK && strcmp(does, "wait") == 0) {
        err = hotreload_register_handover_hook(waiting_hook, NULL);
    } else if (err == ESP_OK) {
        err = hotreload_register_handover_hook(
            strcmp(does, "refuse") == 0 ? refusing_hook : watching_hook, NULL);
    }
    return hotreload_probe_send_result(request, err);
}

esp_err_t probe_handle_handover_calls(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply,
                              "{\"calls\":%lu,\"new\":%ld,\"old\":%ld,\"stub\":%ld,\"unknown\":%d,"
                              "\"outcomes\":%lu,\"outcome\":\"%s\"}",
                              (unsigned long)seen.calls, (long)seen.new_answer, (long)seen.old_answer,
                              (long)seen.stub_answer, seen.unknown, (unsigned long)seen.outcomes,
                              hotreload_err_to_name(seen.outcome));
    return hotreload_probe_reply_send(request, &reply);
}
