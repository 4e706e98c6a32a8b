/* What no load can do without: to copy the bytes of a module, and to store relocated words. */
#include <stdlib.h>

#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "probe.h"

/* so many words a turn that loads and stores are nearly all: these alone are 0.5 instructions a byte */
#define UNROLLED 16
#define COPY(i) to[i] = from[i]
#define COPY_4(i) COPY(i), COPY((i) + 1), COPY((i) + 2), COPY((i) + 3)

__attribute__((optimize("O2")))
static void copy(uint32_t *to, const uint32_t *from, size_t words)
{
    for (; words >= UNROLLED; words -= UNROLLED) {
        COPY_4(0), COPY_4(4), COPY_4(8), COPY_4(12);
        to += UNROLLED;
        from += UNROLLED;
    }
    while (words-- > 0) {
        *to++ = *from++;
    }
}

__attribute__((optimize("O2")))
static void store(uint32_t *to, uint32_t words)
{
    while (words-- > 0) {
        *to++ = words;
    }
}

static uint32_t cycles_of(uint32_t *to, const uint32_t *from, size_t size, uint32_t words)
{
    static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
    portENTER_CRITICAL(&lock); /* nothing else is counted */
    uint32_t start = esp_cpu_get_cycle_count();
    copy(to, from, size / sizeof(*to));
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
