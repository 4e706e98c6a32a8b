/* SPDX-License-Identifier: MIT */
#include "module/hr_retire.h"

#include <inttypes.h>
#include <stdlib.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port/hr_event.h"
#include "port/hr_lock.h"
#include "module/hr_tasks.h"
#include "port/hr_trace.h"

static hr_lock_t lock;
static hr_module_t *retired; /* the newest first */
static uint32_t waiting;
static esp_timer_handle_t reaper; /* runs while something is retired */

#define TICK_US (1000000 / configTICK_RATE_HZ)

/* A look at the tasks takes long when the other core does not let itself be held: between two of
   them this many times as long passes, so that it never costs a core. */
#define REST 8

static void free_module(hr_module_t *module)
{
    uint32_t number = module->number;
    uint32_t text = hr_place_first(&module->placement, HR_SEGMENT_TEXT)->run;
    uint32_t data = hr_place_first(&module->placement, HR_SEGMENT_DATA)->run;
    hr_module_free(module);
    free(module);
    hr_trace("free", "module=%" PRIu32 " text=0x%08" PRIx32 " data=0x%08" PRIx32, number, text,
             data);
    hr_event_retired(number);
}

void hr_retire_collect(void)
{
    hr_lock_take(&lock);
    int64_t begin = esp_timer_get_time();
    hr_module_t **place = &retired;
    while (*place != NULL) {
        hr_module_t *module = *place;
        if (hr_tasks_inside(&module->placement)) {
            place = &module->next_retired;
        } else {
            *place = module->next_retired;
            waiting--;
            free_module(module);
        }
    }
    esp_timer_stop(reaper); /* fails when it does not run */
    if (retired != NULL) {
        int64_t rest = REST * (esp_timer_get_time() - begin);
        esp_timer_start_once(reaper, (uint64_t)(rest > TICK_US ? rest : TICK_US));
    }
    hr_lock_give(&lock);
}

static void on_tick(void *arg)
{
    (void)arg;
    hr_retire_collect();
}

esp_err_t hr_retire_prepare(hr_report_t *report)
{
    const esp_timer_create_args_t timer = {
        .callback = on_tick,
        .name = "hotreload",
        .skip_unhandled_events = true,
    };
    if (reaper == NULL && esp_timer_create(&timer, &reaper) != ESP_OK) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for a timer");
    }
    return ESP_OK;
}

void hr_retire(const hr_module_t *module)
{
    hr_trace("retire", "module=%" PRIu32, module->number);
}

void hr_retire_free(hr_module_t *module)
{
    hr_lock_take(&lock);
    module->next_retired = retired;
    retired = module;
    waiting++;
    hr_lock_give(&lock);
    hr_retire_collect();
}

/* One walk over the tasks at a time. */
static bool anybody_inside(const hr_module_t *module)
{
    hr_lock_take(&lock);
    bool inside = hr_tasks_inside(&module->placement);
    hr_lock_give(&lock);
    return inside;
}

bool hr_retire_free_within(hr_module_t *module, uint32_t timeout_ms)
{
    TickType_t start = xTaskGetTickCount();
    while (anybody_inside(module)) {
        if (xTaskGetTickCount() - start >= pdMS_TO_TICKS(timeout_ms)) {
            return false;
        }
        vTaskDelay(1);
    }
    free_module(module);
    return true;
}

uint32_t hr_retire_waiting(void)
{
    return waiting;
}

esp_err_t hr_retire_explain(esp_err_t err, hr_report_t *report)
{
    if (err == ESP_ERR_NO_MEM && waiting > 0) {
        hr_report_t reason = *report;
        hr_reject(report, err, "%s; %" PRIu32 " old modules wait for tasks to leave them",
                  reason.message, waiting);
    }
    return err;
}
