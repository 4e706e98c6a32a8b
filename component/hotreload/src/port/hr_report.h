/* SPDX-License-Identifier: MIT */
/* Why an operation failed, in words: the log line and the message of an HTTP answer. */
#pragma once

#include "esp_err.h"

#define HR_REPORT_SIZE 160

typedef struct {
    char message[HR_REPORT_SIZE];
    char module_firmware[33]; /* HOTRELOAD_ERR_IDENTITY only: the identity that the module has */
} hr_report_t;

/* Keeps the sentence and returns the error, so that a refusal is one return statement. */
esp_err_t hr_reject(hr_report_t *report, esp_err_t error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
