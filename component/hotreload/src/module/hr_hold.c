/* SPDX-License-Identifier: MIT */
#include "module/hr_hold.h"

#ifdef CONFIG_HOTRELOAD_HOLD_CALLERS

#include <inttypes.h>

#include "arch/hr_hold.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "module/hr_current.h"
#include "module/hr_retire.h"
#include "module/hr_tasks.h"
#include "port/hr_context.h"
#include "port/hr_lock.h"

/* Held by the task that reloads, to which those that wait lend their priority. */
static hr_lock_t gate;
static TaskHandle_t reloader;
static volatile bool is_held;

static bool are_left(const hr_module_t *old)
{
    return old == NULL || hr_retire_others_leave(old, CONFIG_HOTRELOAD_HOLD_LIMIT_MS);
}

void hr_hold_begin(const hr_target_t *next)
{
    hr_lock_take(&gate);
    reloader = xTaskGetCurrentTaskHandle();
    is_held = true;
    hr_current_hold(next, (uint32_t)(uintptr_t)hr_hold_stub);
    are_left(hr_current_module());
}

esp_err_t hr_hold_wait(const hr_module_t *old, hr_report_t *report)
{
    if (are_left(old)) {
        return ESP_OK;
    }
    return hr_reject(report, HOTRELOAD_ERR_HOLD_LIMIT,
                     "a task was still inside module %" PRIu32 " after %u ms", old->number,
                     (unsigned)CONFIG_HOTRELOAD_HOLD_LIMIT_MS);
}

void hr_hold_end(void)
{
    hr_current_hold_end();
    is_held = false;
    reloader = NULL;
    hr_lock_give(&gate);
}

/* The first question decides whether the others may be asked. */
static bool is_never_held(void)
{
    return !hr_context_may_wait() || xTaskGetCurrentTaskHandle() == reloader
        || hr_context_is_of_the_system() || hr_tasks_is_caller_inside_any();
}

/* With interrupts masked the address goes from the table into a register: a module that nobody seems
   to be inside could be freed otherwise, while this task is about to enter it. */
hr_hold_pass_t hr_hold_pass(const volatile uint32_t *entry)
{
    bool never_held = is_never_held();
    uint32_t interrupts = hr_hold_mask();
    while (is_held && !never_held) {
        hr_hold_unmask(interrupts);
        hr_lock_take(&gate);
        hr_lock_give(&gate);
        interrupts = hr_hold_mask(); /* another reload may have begun meanwhile */
    }
    return (hr_hold_pass_t) {hr_current_leads_to(entry), interrupts};
}

#endif
