/* Calls of the module from where nobody can wait: an interrupt handler, with interrupts masked, with
 * the scheduler suspended. */
#include "esp_intr_alloc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"

#define STACK 3072
#define PRIORITY 7 /* above the reloads */

enum {
    IN_INTERRUPT,
    MASKED,
    SUSPENDED,
    WAYS,
};

static int32_t answers[WAYS];
static volatile uint32_t calls;
static volatile uint32_t zeros;
static volatile uint32_t wrong;
static volatile bool stop;
static volatile bool ended = true;

static void on_interrupt(void *arg)
{
    const uint32_t *mask = arg;
    __asm__ volatile("wsr %0, intclear\n\trsync" : : "a"(*mask));
    answers[IN_INTERRUPT] = answer();
}

static void call_each_way(uint32_t mask)
{
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(mask) : "memory");
    portENTER_CRITICAL(&lock);
    answers[MASKED] = answer();
    portEXIT_CRITICAL(&lock);
    vTaskSuspendAll();
    answers[SUSPENDED] = answer();
    xTaskResumeAll();
}

static void count(void)
{
    for (int i = 0; i < WAYS; i++) {
        calls++;
        zeros += answers[i] == 0;
        wrong += answers[i] != 0 && answers[i] != 42 && answers[i] != 43;
    }
}

/* so often, a tick apart, or until it is told to stop */
static void run(uint32_t rounds)
{
    static uint32_t mask;
    intr_handle_t handle;
    if (esp_intr_alloc(ETS_INTERNAL_SW0_INTR_SOURCE, 0, on_interrupt, &mask, &handle) != ESP_OK) {
        wrong++;
        return;
    }
    mask = 1u << esp_intr_get_intno(handle);
    for (uint32_t i = 0; i < rounds && !stop; i++) {
        call_each_way(mask);
        count();
        vTaskDelay(1);
    }
    esp_intr_free(handle);
}

static void run_on(void *arg)
{
    (void)arg;
    run(UINT32_MAX);
    ended = true;
    vTaskDelete(NULL);
}

static esp_err_t send_counts(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"calls\":%lu,\"zeros\":%lu,\"wrong\":%lu}", (unsigned long)calls,
                              (unsigned long)zeros, (unsigned long)wrong);
    return hotreload_probe_reply_send(request, &reply);
}

static void clear(void)
{
    calls = 0;
    zeros = 0;
    wrong = 0;
}

/* rounds=..: so many calls of each way, a tick apart */
esp_err_t probe_handle_unloaded_calls(httpd_req_t *request)
{
    clear();
    stop = false;
    run(hotreload_probe_query_number(request, "rounds", 1));
    return send_counts(request);
}

esp_err_t probe_handle_interrupts_start(httpd_req_t *request)
{
    clear();
    stop = false;
    ended = false;
    return hotreload_probe_send_result(request, xTaskCreate(run_on, "interrupts", STACK, NULL, PRIORITY, NULL)
                                              == pdPASS
                                          ? ESP_OK
                                          : ESP_ERR_NO_MEM);
}

esp_err_t probe_handle_interrupts_stop(httpd_req_t *request)
{
    stop = true;
    while (!ended) {
        vTaskDelay(1);
    }
    return send_counts(request);
}
