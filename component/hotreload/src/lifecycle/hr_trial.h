/* SPDX-License-Identifier: MIT */
/* What becomes of a module that nobody has confirmed yet.

   Each of its starts is counted in flash before any of its code can run, and after
   CONFIG_HOTRELOAD_TRIAL_STARTS of them it is not taken any more: it has yielded. It is confirmed
   when it has run for CONFIG_HOTRELOAD_CONFIRM_MS, or with CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION
   only by hotreload_confirm(). Without CONFIG_HOTRELOAD_BOOT_GUARD nothing is counted.

   A start does not count that esp_restart(), deep sleep or an explicit reload has ended, nor one that
   a panic has ended in which no module was involved: the crashed task was in the firmware's own code,
   and so were all its callers. */
#pragma once

#include <stdbool.h>

#include "flash/hr_store.h"

/* Before any code of a module from flash can run; with an origin in RAM it does nothing. After a
   failure the module must not be started: it could end this boot and all that follow. */
esp_err_t hr_trial_begin(const hr_origin_t *origin, hr_report_t *report);

/* The module is the one that is called now. */
void hr_trial_run(const hr_origin_t *origin);

/* None is called any more. */
void hr_trial_end(void);

/* hotreload_confirm() with the reason of a failure. */
esp_err_t hr_trial_confirm(hr_report_t *report);

/* Whether the module that is called is confirmed; false when none is, or it came from RAM. */
bool hr_trial_is_confirmed(void);

/* Where the module that is called came from; no partition: from RAM, or none is. */
hr_origin_t hr_trial_origin(void);
