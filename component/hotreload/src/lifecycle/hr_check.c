/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_check.h"

esp_err_t hr_check_label(const char *label, hr_report_t *report)
{
    if (label == NULL || label[0] == 0) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "the partition label is %s",
                         label == NULL ? "NULL" : "empty");
    }
    return ESP_OK;
}

esp_err_t hr_check_table(const uint32_t *table, const char *const *names, size_t count,
                         hr_report_t *report)
{
    if (table == NULL || names == NULL) {
        return hr_reject(report, ESP_ERR_INVALID_ARG, "%s is NULL",
                         table == NULL ? "symbol_table" : "symbol_names");
    }
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL) {
            return hr_reject(report, ESP_ERR_INVALID_ARG,
                             "symbol_names ends after %u names, symbol_count is %u",
                             (unsigned)i, (unsigned)count);
        }
    }
    return ESP_OK;
}

esp_err_t hr_check_module(const char *label, const uint32_t *table, const char *const *names,
                          size_t count, hr_report_t *report)
{
    esp_err_t err = hr_check_label(label, report);
    return err == ESP_OK ? hr_check_table(table, names, count, report) : err;
}
