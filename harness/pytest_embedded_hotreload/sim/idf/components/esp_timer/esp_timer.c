/* SPDX-License-Identifier: MIT */
#include "esp_timer.h"

#include <stdlib.h>

#include "esp_task.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "xtensa/xt_timer.h"

/* as in ESP-IDF: shorter periods would leave no time for anything else */
#define MIN_PERIOD_US 50

struct esp_timer {
    struct esp_timer *next; /* in s_armed, by expiry */
    uint64_t expiry_us;
    uint64_t period_us; /* 0: once */
    bool armed;
    bool deleted;
    esp_timer_create_args_t args;
};

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static struct esp_timer *s_armed;
static struct esp_timer *s_in_callback;
static TaskHandle_t s_task;

static uint64_t cycles_per_us(void)
{
    return xt_timer_hz() / 1000000;
}

int64_t esp_timer_get_time(void)
{
    return (int64_t)(xt_timer_cycles() / cycles_per_us());
}

/* lock held */
static void set_alarm(void)
{
    xt_alarm_set(XT_ALARM_ESP_TIMER,
                 s_armed ? s_armed->expiry_us * cycles_per_us() : XT_ALARM_NEVER);
}

/* lock held */
static void insert(struct esp_timer *timer)
{
    struct esp_timer **place = &s_armed;
    while (*place && (*place)->expiry_us <= timer->expiry_us) {
        place = &(*place)->next;
    }
    timer->next = *place;
    *place = timer;
    timer->armed = true;
    set_alarm();
}

/* lock held */
static void take_out(struct esp_timer *timer)
{
    struct esp_timer **place = &s_armed;
    while (*place != timer) {
        place = &(*place)->next;
    }
    *place = timer->next;
    timer->armed = false;
    set_alarm();
}

static void on_alarm(void)
{
    BaseType_t woken = pdFALSE;
    vTaskNotifyGiveFromISR(s_task, &woken);
    portYIELD_FROM_ISR(woken);
}

static void schedule_next_period(struct esp_timer *timer, uint64_t now)
{
    /* what is skipped moves the others, and one alone is not skipped: in ESP-IDF too */
    if (timer->args.skip_unhandled_events && (now - timer->expiry_us) / timer->period_us > 1) {
        timer->expiry_us = now + timer->period_us;
    } else {
        timer->expiry_us += timer->period_us;
    }
    insert(timer);
}

static struct esp_timer *take_due(void)
{
    uint64_t now = (uint64_t)esp_timer_get_time();
    portENTER_CRITICAL(&s_lock);
    struct esp_timer *timer = s_armed;
    if (timer && timer->expiry_us > now) {
        timer = NULL;
    }
    if (timer) {
        take_out(timer);
        if (timer->period_us > 0) {
            schedule_next_period(timer, now);
        }
    }
    s_in_callback = timer;
    portEXIT_CRITICAL(&s_lock);
    return timer;
}

static void end_callback(struct esp_timer *timer)
{
    portENTER_CRITICAL(&s_lock);
    s_in_callback = NULL;
    bool deleted = timer->deleted;
    portEXIT_CRITICAL(&s_lock);
    if (deleted) {
        free(timer);
    }
}

static void timer_task(void *arg)
{
    (void)arg;
    for (;;) {
        struct esp_timer *timer;
        while ((timer = take_due())) {
            timer->args.callback(timer->args.arg);
            end_callback(timer);
        }
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    }
}

esp_err_t esp_timer_init(void)
{
    if (s_task) {
        return ESP_ERR_INVALID_STATE;
    }
    if (xTaskCreatePinnedToCore(timer_task, "esp_timer", ESP_TASK_TIMER_STACK, NULL,
                                ESP_TASK_TIMER_PRIO, &s_task, 0) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    xt_alarm_set_handler(XT_ALARM_ESP_TIMER, on_alarm);
    return ESP_OK;
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *timer)
{
    if (!args || !args->callback || !timer || args->dispatch_method >= ESP_TIMER_MAX) {
        return ESP_ERR_INVALID_ARG;
    }
    struct esp_timer *fresh = calloc(1, sizeof(*fresh));
    if (!fresh) {
        return ESP_ERR_NO_MEM;
    }
    fresh->args = *args;
    *timer = fresh;
    return ESP_OK;
}

static esp_err_t start(struct esp_timer *timer, uint64_t timeout_us, uint64_t period_us)
{
    if (!timer) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = ESP_ERR_INVALID_STATE;
    portENTER_CRITICAL(&s_lock);
    if (!timer->armed) {
        timer->expiry_us = (uint64_t)esp_timer_get_time() + timeout_us;
        timer->period_us = period_us;
        insert(timer);
        err = ESP_OK;
    }
    portEXIT_CRITICAL(&s_lock);
    return err;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us)
{
    return start(timer, timeout_us, 0);
}

esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us)
{
    if (period_us < MIN_PERIOD_US) {
        period_us = MIN_PERIOD_US;
    }
    return start(timer, period_us, period_us);
}

esp_err_t esp_timer_restart(esp_timer_handle_t timer, uint64_t timeout_us)
{
    if (!timer) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = ESP_ERR_INVALID_STATE;
    portENTER_CRITICAL(&s_lock);
    if (timer->armed) {
        take_out(timer);
        if (timer->period_us > 0) {
            timer->period_us = timeout_us < MIN_PERIOD_US ? MIN_PERIOD_US : timeout_us;
        }
        timer->expiry_us = (uint64_t)esp_timer_get_time() + timeout_us;
        insert(timer);
        err = ESP_OK;
    }
    portEXIT_CRITICAL(&s_lock);
    return err;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer)
{
    if (!timer) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = ESP_ERR_INVALID_STATE;
    portENTER_CRITICAL(&s_lock);
    if (timer->armed) {
        take_out(timer);
        err = ESP_OK;
    }
    portEXIT_CRITICAL(&s_lock);
    return err;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer)
{
    if (!timer) {
        return ESP_ERR_INVALID_ARG;
    }
    portENTER_CRITICAL(&s_lock);
    bool armed = timer->armed;
    bool in_use = s_in_callback == timer; /* the timer task frees it then */
    timer->deleted = !armed;
    portEXIT_CRITICAL(&s_lock);
    if (armed) {
        return ESP_ERR_INVALID_STATE;
    }
    if (!in_use) {
        free(timer);
    }
    return ESP_OK;
}

bool esp_timer_is_active(esp_timer_handle_t timer)
{
    return timer && timer->armed;
}

int64_t esp_timer_get_next_alarm(void)
{
    portENTER_CRITICAL(&s_lock);
    int64_t next = s_armed ? (int64_t)s_armed->expiry_us : INT64_MAX;
    portEXIT_CRITICAL(&s_lock);
    return next;
}

esp_err_t esp_timer_get_period(esp_timer_handle_t timer, uint64_t *period_us)
{
    if (!timer || !period_us) {
        return ESP_ERR_INVALID_ARG;
    }
    *period_us = timer->period_us;
    return ESP_OK;
}

esp_err_t esp_timer_get_expiry_time(esp_timer_handle_t timer, uint64_t *expiry_us)
{
    if (!timer || !expiry_us) {
        return ESP_ERR_INVALID_ARG;
    }
    if (timer->period_us > 0) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    *expiry_us = timer->expiry_us;
    return ESP_OK;
}
