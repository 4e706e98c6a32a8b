/* SPDX-License-Identifier: MIT */
/* What is in flash, as the application and the server see it. */
#pragma once

#include "hotreload.h"
#include "port/hr_report.h"

/* hotreload_list() */
esp_err_t hr_slots_list(const char *label, hotreload_slot_t list[HOTRELOAD_SLOTS],
                        hr_report_t *report);

/* hotreload_retry() */
esp_err_t hr_slots_retry(const char *label, hr_report_t *report);

/* As in /status. */
const char *hr_slots_state_name(hotreload_slot_state_t state);
