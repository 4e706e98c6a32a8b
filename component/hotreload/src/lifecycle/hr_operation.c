/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_operation.h"

#include <inttypes.h>
#include <stdbool.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "hotreload.h"
#include "port/hr_event.h"
#include "port/hr_lock.h"
#include "port/hr_trace.h"

/* who fails without pause, a client with bad uploads for one, must not fill the console: so many
   lines at once, and then one in each interval */
#define LINES_AT_ONCE 10
#define LINE_INTERVAL_US INT64_C(1000000)

static const char *TAG = "hotreload";

static hr_lock_t turn;
static bool running;

static portMUX_TYPE last_lock = portMUX_INITIALIZER_UNLOCKED;
static esp_err_t last_error;
static hr_report_t last_report;
static int64_t lines_until; /* each line that was logged moves it by an interval */
static uint32_t lines_untold;

static esp_err_t reject_inside(const char *name, hr_report_t *report)
{
    return hr_reject(report, ESP_ERR_INVALID_STATE, "%s was called from inside a hook", name);
}

esp_err_t hr_operation_enter(const char *name, hr_report_t *report)
{
    hr_lock_take(&turn);
    if (running) {
        hr_lock_give(&turn);
        return reject_inside(name, report);
    }
    running = true;
    return ESP_OK;
}

void hr_operation_leave(void)
{
    running = false;
    hr_lock_give(&turn);
}

esp_err_t hr_operation_check_outside(const char *name, hr_report_t *report)
{
    if (!hr_lock_try(&turn)) {
        return ESP_OK; /* it is another task that is in an operation */
    }
    bool inside = running;
    hr_lock_give(&turn);
    return inside ? reject_inside(name, report) : ESP_OK;
}

/* Whether one more line may be logged now; `untold` is how many were not since the last one. */
static bool take_line(uint32_t *untold)
{
    const int64_t now = esp_timer_get_time();
    portENTER_CRITICAL(&last_lock);
    bool may = lines_until - now < LINES_AT_ONCE * LINE_INTERVAL_US;
    *untold = lines_untold;
    lines_untold = may ? 0 : lines_untold + 1;
    if (may) {
        lines_until = (lines_until > now ? lines_until : now) + LINE_INTERVAL_US;
    }
    portEXIT_CRITICAL(&last_lock);
    return may;
}

esp_err_t hr_operation_refuse(const char *name, esp_err_t err, const hr_report_t *report)
{
    uint32_t untold;
    if (take_line(&untold)) {
        if (untold > 0) {
            ESP_LOGE(TAG, "%" PRIu32 " failures before this one were not logged", untold);
        }
        ESP_LOGE(TAG, "%s: %s: %s", name, hotreload_err_to_name(err), report->message);
    }
    return err;
}

esp_err_t hr_operation_end(const char *name, esp_err_t err, uint32_t module,
                           const hr_report_t *report)
{
    if (err == ESP_OK) {
        hr_trace("done", "op=%s module=%" PRIu32, name, module);
        return err;
    }
    portENTER_CRITICAL(&last_lock);
    last_error = err;
    last_report = *report;
    portEXIT_CRITICAL(&last_lock);
    hr_trace("error", "op=%s code=0x%x name=%s", name, (unsigned)err, hotreload_err_to_name(err));
    hr_event_failed(name, err, module);
    return hr_operation_refuse(name, err, report);
}

esp_err_t hr_operation_last_error(hr_report_t *report)
{
    portENTER_CRITICAL(&last_lock);
    esp_err_t err = last_error;
    *report = last_report;
    portEXIT_CRITICAL(&last_lock);
    return err;
}
