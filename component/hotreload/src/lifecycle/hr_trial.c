/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_trial.h"

#include <string.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"
#include "lifecycle/hr_restarts.h"
#include "sdkconfig.h"

/* both ways are always compiled */
#ifdef CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION
#define CONFIRMS_BY_TIME false
#define CONFIRM_MS 0
#else
#define CONFIRMS_BY_TIME true
#define CONFIRM_MS CONFIG_HOTRELOAD_CONFIRM_MS
#endif

#define CONFIRM_US (CONFIRM_MS * INT64_C(1000))

static const char *TAG = "hotreload";

/* changed by operations, one at a time, and by the timer; read by any task */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_origin_t running; /* no partition: from RAM, or none is called */
static uint32_t number;     /* of the module that is called; 0: none */
static bool confirmed;
static int64_t deadline;
static esp_timer_handle_t timer;

static bool is_same(const hr_origin_t *a, const hr_origin_t *b)
{
    return a->partition == b->partition && a->slot == b->slot && a->sequence == b->sequence
           && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* Keeps that `origin` is confirmed, if it still is the one that is called. */
static void set_confirmed(const hr_origin_t *origin)
{
    portENTER_CRITICAL(&lock);
    confirmed = confirmed || is_same(&running, origin);
    portEXIT_CRITICAL(&lock);
}

/* In the task of esp_timer, in which it may be written to flash: what is waited for takes a few
   milliseconds at most, and a task of its own would cost its stack all the time. */
static void on_deadline(void *arg)
{
    (void)arg;
    hr_report_t report;
    portENTER_CRITICAL(&lock);
    hr_origin_t origin = running;
    /* the timer may have expired just before it was started for another module */
    bool due = origin.partition != NULL && !confirmed && esp_timer_get_time() >= deadline;
    portEXIT_CRITICAL(&lock);
    if (!due) {
        return;
    }
    if (hr_store_mark_confirmed(&origin, &report) == ESP_OK) {
        set_confirmed(&origin);
        ESP_LOGI(TAG, "the module has run for %d ms and is confirmed", CONFIRM_MS);
    } else {
        ESP_LOGI(TAG, "the module has run for %d ms, but it is not confirmed: %s",
                 CONFIRM_MS, report.message);
    }
}

static esp_err_t make_timer(hr_report_t *report)
{
    const esp_timer_create_args_t arguments = {
        .callback = on_deadline,
        .name = "hotreload trial",
    };
    if (CONFIRMS_BY_TIME && timer == NULL && esp_timer_create(&arguments, &timer) != ESP_OK) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the timer of the trial");
    }
    return ESP_OK;
}

esp_err_t hr_trial_begin(const hr_origin_t *origin, hr_report_t *report)
{
    if (origin->partition == NULL) {
        return ESP_OK;
    }
    esp_err_t err = make_timer(report);
    return err == ESP_OK ? hr_store_mark_start(origin, report) : err;
}

static bool is_confirmed_in_flash(const hr_origin_t *origin)
{
    hr_slot_state_t state;
    hr_report_t unused;
    return origin->partition != NULL && hr_store_state(origin, &state, &unused) == ESP_OK
           && state == HR_SLOT_CONFIRMED;
}

static void take_place(const hr_origin_t *origin, uint32_t module)
{
    bool is_confirmed = is_confirmed_in_flash(origin);
    portENTER_CRITICAL(&lock);
    hr_origin_t before = running;
    running = *origin;
    number = module;
    confirmed = is_confirmed;
    deadline = esp_timer_get_time() + CONFIRM_US;
    portEXIT_CRITICAL(&lock);
    /* what was written over has no start any more: the one in its slot is that of `origin` */
    if (before.partition != origin->partition || before.slot != origin->slot) {
        hr_store_leave(&before);
    }
    if (timer != NULL) {
        esp_timer_stop(timer); /* fails when it does not run */
        if (origin->partition != NULL && !is_confirmed) {
            esp_timer_start_once(timer, CONFIRM_US);
        }
    }
}

void hr_trial_cancel(const hr_origin_t *origin)
{
    const hr_origin_t called = hr_trial_origin();
    if (origin->partition != NULL && !is_same(&called, origin)) {
        hr_store_leave(origin);
    }
}

void hr_trial_run(const hr_origin_t *origin, uint32_t module)
{
    hr_restarts_run(origin);
    take_place(origin, module);
}

void hr_trial_end(void)
{
    take_place(&(hr_origin_t) {0}, 0);
}

hr_origin_t hr_trial_origin(void)
{
    portENTER_CRITICAL(&lock);
    hr_origin_t origin = running;
    portEXIT_CRITICAL(&lock);
    return origin;
}

hr_origin_t hr_trial_origin_of(uint32_t module)
{
    portENTER_CRITICAL(&lock);
    hr_origin_t origin = module == number ? running : (hr_origin_t) {0};
    portEXIT_CRITICAL(&lock);
    return origin;
}

bool hr_trial_is_confirmed(void)
{
    portENTER_CRITICAL(&lock);
    bool is = confirmed;
    portEXIT_CRITICAL(&lock);
    return is;
}

esp_err_t hr_trial_confirm(hr_report_t *report)
{
    portENTER_CRITICAL(&lock);
    hr_origin_t origin = running;
    bool is_loaded = number != 0;
    portEXIT_CRITICAL(&lock);
    if (!is_loaded) {
        return hr_reject(report, ESP_ERR_INVALID_STATE, "no module is loaded");
    }
    if (origin.partition == NULL) {
        return hr_reject(report, ESP_ERR_NOT_SUPPORTED,
                         "the module came from RAM: the flash has none that could be confirmed");
    }
    esp_err_t err = hr_store_mark_confirmed(&origin, report);
    if (err == ESP_OK) {
        set_confirmed(&origin);
    }
    return err;
}
