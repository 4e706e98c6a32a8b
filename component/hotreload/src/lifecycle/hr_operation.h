/* SPDX-License-Identifier: MIT */
/* What all operations share: one at a time, none from inside a hook, one line about each end. */
#pragma once

#include "esp_err.h"
#include "port/hr_report.h"

/* Waits until no other task is in an operation. ESP_ERR_INVALID_STATE when this task itself is in
   one, which can only be inside a hook. */
esp_err_t hr_operation_enter(const char *name, hr_report_t *report);
void hr_operation_leave(void);

/* For what must not wait for an operation that waits for it: ESP_ERR_INVALID_STATE inside a hook. */
esp_err_t hr_operation_check_outside(const char *name, hr_report_t *report);

/* Logs why an operation did not begin, but for what would fill the console. Returns `err`. */
esp_err_t hr_operation_refuse(const char *name, esp_err_t err, const hr_report_t *report);

/* Reports the end of an operation that began: log, trace, last error. Returns `err`. */
esp_err_t hr_operation_end(const char *name, esp_err_t err, uint32_t module,
                           const hr_report_t *report);

/* The last operation that failed; ESP_OK when none has. */
esp_err_t hr_operation_last_error(hr_report_t *report);
