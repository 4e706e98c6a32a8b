/* SPDX-License-Identifier: MIT */
#include "port/hr_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "hotreload.h"

esp_err_t hr_report_sentence(hr_report_t *report, esp_err_t error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->message, sizeof(report->message), format, arguments);
    va_end(arguments);
    /* names out of a module may hold anything; the message goes to logs and into JSON */
    for (char *c = report->message; *c != 0; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return error;
}

esp_err_t hr_report_name(hr_report_t *report, esp_err_t error)
{
    snprintf(report->message, sizeof(report->message), "%s", hotreload_err_to_name(error));
    return error;
}
