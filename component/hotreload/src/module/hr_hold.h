/* SPDX-License-Identifier: MIT */
/* Calls wait on their way into the module while it is replaced.

   Never held, because they could not wait, or others wait for them: the task that reloads, a task
   that is already inside a module, interrupts, callers with interrupts masked or the scheduler
   suspended, idle tasks, esp_timer's and the IPC tasks. They go where the table would lead. */
#pragma once

#include "module/hr_module.h"
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_HOLD_CALLERS

/* Holds calls through the table of the loaded module and through that of the next one. Gives the tasks
   that are inside the time to leave: what a pre hook saves is then the last that they have done. One
   that stays may be waiting for a pre hook, which is yet to run. */
void hr_hold_begin(const hr_target_t *next);

/* Waits until no task but the caller is inside `old`, which may be NULL. HOTRELOAD_ERR_HOLD_LIMIT. */
esp_err_t hr_hold_wait(const hr_module_t *old, hr_report_t *report);

/* Lets the calls go on, into the module that is then loaded. */
void hr_hold_end(void);

#else

static inline void hr_hold_begin(const hr_target_t *next)
{
    (void)next;
}

static inline esp_err_t hr_hold_wait(const hr_module_t *old, hr_report_t *report)
{
    (void)old;
    (void)report;
    return ESP_OK;
}

static inline void hr_hold_end(void)
{
}

#endif
