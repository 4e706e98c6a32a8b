/* What no load can do without: to copy the bytes of a module, and to store relocated words. */
#include <stdlib.h>
#include <string.h>

#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "probe.h"

static void store(volatile uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        words[i] = i;
    }
}

static uint32_t cycles_of(uint32_t *to, const uint32_t *from, size_t size, uint32_t words)
{
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    portENTER_CRITICAL(&lock); /* nothing else is counted */
    uint32_t start = esp_cpu_get_cycle_count();
    memcpy(to, from, size);
    store(to, words);
    uint32_t cycles = esp_cpu_get_cycle_count() - start;
    portEXIT_CRITICAL(&lock);
    return cycles;
}

/* size=.. words=..: cycles to copy so many bytes, and to store so many words, which have place there */
esp_err_t probe_handle_copy_cost(httpd_req_t *request)
{
    size_t size = hotreload_probe_query_number(request, "size", 0);
    uint32_t words = hotreload_probe_query_number(request, "words", 0);
    uint32_t *from = malloc(size);
    uint32_t *to = malloc(size);
    esp_err_t err = ESP_ERR_NO_MEM;
    uint32_t cycles = 0;
    if (from != NULL && to != NULL && words <= size / sizeof(*to)) {
        cycles = cycles_of(to, from, size, words);
        err = ESP_OK;
    }
    free(from);
    free(to);
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "{\"error\":\"%s\",\"cycles\":%lu}",
                              hotreload_err_to_name(err), (unsigned long)cycles);
    return hotreload_probe_reply_send(request, &reply);
}
