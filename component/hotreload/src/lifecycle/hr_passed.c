/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_passed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "port/hr_event.h"
#include "port/hr_trace.h"

static const char *TAG = "hotreload";

/* changed inside operations, read by any task */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_passed_t passed[HR_PASSED_MAX];
static uint32_t count;

void hr_passed_begin(void)
{
    portENTER_CRITICAL(&lock);
    count = 0;
    portEXIT_CRITICAL(&lock);
}

void hr_passed_add(uint32_t slot, const uint8_t *hash, esp_err_t err, const hr_report_t *report)
{
    hr_passed_t entry = {.slot = slot, .hash_known = hash != NULL, .error = err};
    if (hash != NULL) {
        memcpy(entry.hash, hash, sizeof(entry.hash));
    }
    snprintf(entry.message, sizeof(entry.message), "%.*s", (int)sizeof(entry.message) - 1,
             report->message);
    portENTER_CRITICAL(&lock);
    if (count < HR_PASSED_MAX) {
        passed[count++] = entry;
    }
    portEXIT_CRITICAL(&lock);
    hr_trace("pass", "slot=%" PRIu32 " code=0x%x name=%s", slot, (unsigned)err,
             hotreload_err_to_name(err));
    ESP_LOGW(TAG, "passed over: %s: %s", hotreload_err_to_name(err), report->message);
    hr_event_passed_over(slot, err);
}

uint32_t hr_passed_list(hr_passed_t list[HR_PASSED_MAX])
{
    portENTER_CRITICAL(&lock);
    uint32_t listed = count;
    memcpy(list, passed, sizeof(passed));
    portEXIT_CRITICAL(&lock);
    return listed;
}
