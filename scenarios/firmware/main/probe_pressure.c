/* What makes a replacement hard: memory and sockets that are used up, and tasks that are inside the
 * module or call it without pause. */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module_api.h"
#include "probe.h"
#include "reloadable_util.h"
#include "sdkconfig.h"

#define BLOCKS 32
#define SMALLEST 64

static void *taken[BLOCKS];

/* The largest block can be larger than what can be asked for: an allocator rounds up. */
static void *take_nearly(size_t size, uint32_t caps)
{
    void *block = NULL;
    for (; block == NULL && size > SMALLEST; size -= size / 32) {
        block = heap_caps_malloc(size, caps);
    }
    return block;
}

static uint32_t caps_of(const char *heap)
{
    switch (heap[0]) {
    case 'e':
        return MALLOC_CAP_EXEC | MALLOC_CAP_32BIT;
    case 'p':
        return MALLOC_CAP_8BIT | MALLOC_CAP_SPIRAM;
    default:
        return MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL;
    }
}

/* heap=data|exec|psram leave=..: takes memory until no free block has more than that many bytes */
esp_err_t probe_handle_memory_take(httpd_req_t *request)
{
    char heap[8];
    hotreload_probe_query_text(request, "heap", heap, sizeof(heap));
    uint32_t leave = hotreload_probe_query_number(request, "leave", 0);
    uint32_t caps = caps_of(heap);
    /* what is left is put aside first, for blocks of less than the largest may come from
     * anywhere; half of it, since it will join the block beside it */
    size_t left = leave / 2;
    void *aside = left > 0 ? heap_caps_malloc(left, caps) : NULL;
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t largest = heap_caps_get_largest_free_block(caps);
        if (taken[i] == NULL && largest > left + SMALLEST) {
            taken[i] = take_nearly(largest, caps);
        }
    }
    heap_caps_free(aside);
    bool is_done = heap_caps_get_largest_free_block(caps) <= leave + SMALLEST;
    return hotreload_probe_send_result(request, is_done ? ESP_OK : ESP_FAIL);
}

esp_err_t probe_handle_memory_give(httpd_req_t *request)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        heap_caps_free(taken[i]);
        taken[i] = NULL;
    }
    return hotreload_probe_send_result(request, ESP_OK);
}

static int sockets[CONFIG_LWIP_MAX_SOCKETS];
static size_t socket_count;

/* takes all sockets that are left */
esp_err_t probe_handle_sockets_take(httpd_req_t *request)
{
    int fd = 0;
    while (fd >= 0 && socket_count < CONFIG_LWIP_MAX_SOCKETS) {
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (fd >= 0) {
            sockets[socket_count++] = fd;
        }
    }
    return hotreload_probe_send_result(request, fd < 0 ? ESP_OK : ESP_FAIL);
}

esp_err_t probe_handle_sockets_give(httpd_req_t *request)
{
    while (socket_count > 0) {
        close(sockets[--socket_count]);
    }
    return hotreload_probe_send_result(request, ESP_OK);
}

static SemaphoreHandle_t entered;
static SemaphoreHandle_t may_leave;

/* sig_call() calls its callback a second time, with the first result */
#define FIRST_CALL  1
#define SECOND_CALL 0

static int32_t stay(int32_t call)
{
    if (call == FIRST_CALL) {
        xSemaphoreGive(entered);
        xSemaphoreTake(may_leave, portMAX_DELAY);
    }
    return SECOND_CALL;
}

static void stay_inside(void *argument)
{
    (void)argument;
    sig_call(stay, FIRST_CALL);
    vTaskDelete(NULL);
}

/* a task enters the module and stays there */
esp_err_t probe_handle_inside_enter(httpd_req_t *request)
{
    if (entered == NULL) {
        entered = xSemaphoreCreateBinary();
        may_leave = xSemaphoreCreateBinary();
    }
    bool is_created = xTaskCreate(stay_inside, "inside", 3072, NULL, 5, NULL) == pdPASS;
    if (is_created) {
        xSemaphoreTake(entered, portMAX_DELAY);
    }
    return hotreload_probe_send_result(request, is_created ? ESP_OK : ESP_ERR_NO_MEM);
}

esp_err_t probe_handle_inside_leave(httpd_req_t *request)
{
    xSemaphoreGive(may_leave);
    return hotreload_probe_send_result(request, ESP_OK);
}

static esp_err_t result_inside;

static int32_t reload_inside(int32_t call)
{
    if (call == FIRST_CALL) {
        hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
        result_inside = hotreload_reload(&config);
    }
    return SECOND_CALL;
}

/* the module itself, by a function of the firmware that it calls, asks to be replaced */
esp_err_t probe_handle_inside_reload(httpd_req_t *request)
{
    sig_call(reload_inside, FIRST_CALL);
    return hotreload_probe_send_result(request, result_inside);
}

static struct {
    volatile bool runs;
    uint32_t calls;
    uint32_t zeros;
    uint32_t wrong;
    uint32_t null_entries;
} caller;

static void call_without_pause(void *argument)
{
    SemaphoreHandle_t ended = argument;
    while (caller.runs) {
        for (size_t i = 0; i < hotreload_symbol_count; i++) {
            caller.null_entries += ((volatile uint32_t *)hotreload_symbol_table)[i] == 0;
        }
        int32_t result = answer();
        caller.calls++;
        caller.zeros += result == 0;
        caller.wrong += result != 0 && result != 42 && result != 43;
    }
    xSemaphoreGive(ended);
    vTaskDelete(NULL);
}

static SemaphoreHandle_t caller_ended;

esp_err_t probe_handle_caller_start(httpd_req_t *request)
{
    if (caller_ended == NULL) {
        caller_ended = xSemaphoreCreateBinary();
    }
    caller.calls = caller.zeros = caller.wrong = caller.null_entries = 0;
    caller.runs = true;
    bool is_created = xTaskCreate(call_without_pause, "caller", 3072, caller_ended, 5, NULL)
                      == pdPASS;
    return hotreload_probe_send_result(request, is_created ? ESP_OK : ESP_ERR_NO_MEM);
}

esp_err_t probe_handle_caller_stop(httpd_req_t *request)
{
    caller.runs = false;
    xSemaphoreTake(caller_ended, portMAX_DELAY);
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"calls\":%lu,\"zeros\":%lu,\"wrong\":%lu,\"null_entries\":%lu}",
                              (unsigned long)caller.calls, (unsigned long)caller.zeros,
                              (unsigned long)caller.wrong, (unsigned long)caller.null_entries);
    return hotreload_probe_reply_send(request, &reply);
}
