/* Tasks that call the module without pause while it is replaced again and again. */
#include <stdio.h>
#include <stdlib.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "probe_guests.h"
#include "reloadable_util.h"

#define CALLERS 4
#define STACK 4096
#define CALLER_PRIORITY 2
#define RELOADER_PRIORITY 3

typedef struct {
    uint8_t *elf;
    size_t size;
    int32_t answer; /* what the module's answer() gives */
} candidate_t;

typedef struct {
    volatile uint32_t calls;
    volatile uint32_t wrong;
    volatile bool ended;
} caller_t;

static uint8_t *images;
static candidate_t candidates[2];
static uint32_t reloads;
static caller_t callers[CALLERS];
static volatile bool stop;
static bool has_guests;
static bool is_crowded;

static uint32_t wrong_results(uint32_t n)
{
    int32_t now = answer();
    uint32_t wrong = now != candidates[0].answer && now != candidates[1].answer;
    wrong += add(n, 3) != n + 3;
    wrong += sig_mul64(n, n) != (uint64_t)n * n;
    wrong += sig_sum(8, 1, 2, 3, 4, 5, 6, 7, (int)n) != 140 + 8 * (int32_t)n;
    wrong += sig_recurse(12) != 78;
    wrong += sig_alloca(100) != 4950;
    return wrong;
}

static void call_without_pause(void *arg)
{
    caller_t *caller = arg;
    while (!stop) {
        caller->wrong += wrong_results(caller->calls);
        caller->calls++;
    }
    caller->ended = true;
    vTaskDelete(NULL);
}

/* Where clients take most of the time, a caller that gets no turn keeps the module that it is in,
 * until there is no memory for more. */
static void let_call(void)
{
    uint32_t before[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        before[i] = callers[i].calls;
    }
    vTaskDelay(1);
    for (int i = 0; is_crowded && i < CALLERS; i++) {
        while (callers[i].calls == before[i]) {
            vTaskDelay(1);
        }
    }
}

/* Each new module has to be the one that answers, at once. */
static uint32_t failed_reloads(void)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < reloads; i++) {
        const candidate_t *next = &candidates[i % 2];
        esp_err_t err = hotreload_load_from_buffer(next->elf, next->size, hotreload_symbol_table,
                                                   hotreload_symbol_names, hotreload_symbol_count);
        failed += err != ESP_OK || answer() != next->answer;
        let_call();
    }
    return failed;
}

static void reload_and_report(void *arg)
{
    (void)arg;
    uint32_t failed = failed_reloads();
    stop = true;
    for (int i = 0; i < CALLERS; i++) {
        while (!callers[i].ended) {
            vTaskDelay(1);
        }
    }
    uint32_t wrong = 0;
    uint32_t fewest = UINT32_MAX;
    if (has_guests) {
        probe_guests_stop(&wrong, &fewest);
    }
    free(images);
    for (int i = 0; i < CALLERS; i++) {
        wrong += callers[i].wrong;
        fewest = callers[i].calls < fewest ? callers[i].calls : fewest;
    }
    printf("soak: reloads=%lu failed=%lu wrong=%lu fewest=%lu\n", (unsigned long)reloads,
           (unsigned long)failed, (unsigned long)wrong, (unsigned long)fewest);
    vTaskDelete(NULL);
}

/* the n-th caller's, of `cores`: any core, the first, the last, or both in turn */
static BaseType_t core_of(char cores, int n)
{
    switch (cores) {
    case 'f':
        return 0;
    case 'l':
        return portNUM_PROCESSORS - 1;
    case 'b':
        return n % portNUM_PROCESSORS;
    default:
        return tskNO_AFFINITY;
    }
}

/* The body has two modules, the first one `first` bytes long; answers=.. and other=.. are what
 * they give. Replaces one by the other `reloads` times; a line on the console tells the end.
 * callers=any|first|last|both, reloader=any|first|last: on which cores; guests=1: others call the
 * module, too, see probe_guests.c; crowded=1: clients keep the server busy meanwhile, and callers
 * leave the idle task its turn, which frees what ended tasks had. */
esp_err_t probe_handle_soak(httpd_req_t *request)
{
    size_t first = hotreload_probe_query_number(request, "first", 0);
    images = probe_receive_body(request, 0);
    if (images == NULL || first > request->content_len) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no body");
    }
    reloads = hotreload_probe_query_number(request, "reloads", 0);
    candidates[0] = (candidate_t) {images, first,
                                   (int32_t)hotreload_probe_query_number(request, "answers", 0)};
    candidates[1] = (candidate_t) {images + first, request->content_len - first,
                                   (int32_t)hotreload_probe_query_number(request, "other", 0)};
    char cores[8];
    bool started = true;
    stop = false;
    is_crowded = hotreload_probe_query_number(request, "crowded", 0) != 0;
    UBaseType_t priority = is_crowded ? tskIDLE_PRIORITY : CALLER_PRIORITY;
    hotreload_probe_query_text(request, "callers", cores, sizeof(cores));
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t) {0};
        started &= xTaskCreatePinnedToCore(call_without_pause, "caller", STACK, &callers[i],
                                           priority, NULL, core_of(cores[0], i)) == pdPASS;
    }
    has_guests = hotreload_probe_query_number(request, "guests", 0) != 0;
    started &= !has_guests || probe_guests_start();
    hotreload_probe_query_text(request, "reloader", cores, sizeof(cores));
    started &= xTaskCreatePinnedToCore(reload_and_report, "reloader", STACK, NULL,
                                       RELOADER_PRIORITY, NULL, core_of(cores[0], 0)) == pdPASS;
    return hotreload_probe_send_result(request, started ? ESP_OK : ESP_ERR_NO_MEM);
}
