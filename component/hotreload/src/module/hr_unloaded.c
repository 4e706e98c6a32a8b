/* SPDX-License-Identifier: MIT */
#include "module/hr_unloaded.h"

#include <inttypes.h>
#include <stdbool.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "port/hr_context.h"

/* a task that calls without pause must not fill the console */
#define LINE_INTERVAL_US 1000000

static const char *TAG = "hotreload";

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static const char *reason = "none was loaded since the start";
static uint32_t calls;
static bool told; /* of any of them */
static int64_t last_line;

void hr_unloaded_begin(const char *new_reason)
{
    portENTER_CRITICAL(&lock);
    reason = new_reason;
    calls = 0;
    told = false;
    portEXIT_CRITICAL(&lock);
}

/* The log takes a lock, which only a task can wait for: other callers are told of by the next task
   that calls. */
hr_unloaded_result_t hotreload_unloaded_stub(void)
{
    bool may_log = hr_context_may_wait();
    int64_t now = esp_timer_get_time();
    portENTER_CRITICAL_SAFE(&lock);
    const char *why = reason;
    uint32_t count = ++calls;
    bool is_due = may_log && (!told || now - last_line >= LINE_INTERVAL_US);
    if (is_due) {
        told = true;
        last_line = now;
    }
    portEXIT_CRITICAL_SAFE(&lock);
    if (is_due) {
        ESP_LOGE(TAG, "no module is loaded (%s): a call to it returned 0, %" PRIu32 " so far", why,
                 count);
    }
    return (hr_unloaded_result_t) {{0}};
}
