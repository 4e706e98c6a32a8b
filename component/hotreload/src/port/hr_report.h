/* SPDX-License-Identifier: MIT */
/* Why an operation failed, in words: the log line and the message of an HTTP answer. */
#pragma once

#include "esp_err.h"
#include "sdkconfig.h"

#define HR_REPORT_SIZE 160

typedef struct {
    char message[HR_REPORT_SIZE];
    char module_firmware[33]; /* HOTRELOAD_ERR_IDENTITY only: the identity that the module has */
} hr_report_t;

/* hr_reject(report, error, format, ...): keeps the sentence and returns the error, so that a refusal
   is one return statement. Without CONFIG_HOTRELOAD_MESSAGES the sentence is the error's name; format
   and values are compiled and checked then, but neither evaluated nor linked. */
esp_err_t hr_report_sentence(hr_report_t *report, esp_err_t error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
esp_err_t hr_report_name(hr_report_t *report, esp_err_t error);

#if CONFIG_HOTRELOAD_MESSAGES
#define hr_reject(report, error, ...) hr_report_sentence(report, error, __VA_ARGS__)
#else
#define hr_reject(report, error, ...) \
    (0 ? hr_report_sentence(report, error, __VA_ARGS__) : hr_report_name(report, error))
#endif
