/* SPDX-License-Identifier: MIT */
/* When the idle tasks have done with a task that has ended. FreeRTOS's idle task takes it out of the
   kernel's lists, then uses its memory for the last time, then calls the idle hooks (prvIdleTask() in
   tasks.c): when the hooks of all cores have run once more, nothing that had begun goes on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "freertos/FreeRTOS.h"
#include "port/hr_report.h"

/* How often the idle task of each core has called its hooks. */
typedef struct {
    uint32_t passes[portNUM_PROCESSORS];
} hr_idle_t;

/* Makes them count, once and for all. ESP_ERR_NO_MEM: all hooks of a core are taken. */
esp_err_t hr_idle_prepare(hr_report_t *report);

hr_idle_t hr_idle_now(void);

/* Whether the idle tasks of all cores have passed since then. */
bool hr_idle_have_passed(const hr_idle_t *then);
