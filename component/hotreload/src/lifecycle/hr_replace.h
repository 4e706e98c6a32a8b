/* SPDX-License-Identifier: MIT */
/* Puts a module in the place of the one that is loaded, between the hooks. */
#pragma once

#include "lifecycle/hr_source.h"
#include "module/hr_target.h"

/* Closes the source. With none loaded it does the same without an old module. After a failure the
   old module goes on, or with CONFIG_HOTRELOAD_UNLOAD_FIRST perhaps the one before it. */
esp_err_t hr_replace(const hr_target_t *target, hr_source_t *source, hr_report_t *report);

/* The first load: runs no hooks. Closes the source. */
esp_err_t hr_replace_none(const hr_target_t *target, hr_source_t *source, hr_report_t *report);
