/* SPDX-License-Identifier: MIT */
/* A rollback that was asked for over HTTP where the application chooses the moment: it waits like an
   update does, and the next reload is this rollback. */
#pragma once

#include <stdbool.h>

#include "esp_err.h"
#include "lifecycle/hr_load.h"
#include "port/hr_report.h"

/* Lets a rollback wait. HOTRELOAD_ERR_NO_MODULE when the partition has no other module that could
   be taken, as far as its slots tell. */
esp_err_t hr_rollback_request(const char *partition_label, hr_report_t *report);

bool hr_rollback_waits(void);

/* Whether one waited. It does not any more: it begins, or what was asked for later replaces it. */
bool hr_rollback_take(void);

/* Turns the module that is called away, or without one the newest in flash: what `load` finds beside
   it is put in its place as by hr_load_replace(), then it is marked bad. HOTRELOAD_ERR_NO_MODULE when
   there is no other, or when it is the only one that was confirmed; a failure changes nothing. Inside
   an operation. */
esp_err_t hr_rollback_run(const hr_load_t *load, hr_module_t **leaving, hr_report_t *report);
