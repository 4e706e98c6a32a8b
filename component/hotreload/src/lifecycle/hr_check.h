/* SPDX-License-Identifier: MIT */
/* Arguments that several functions of the API share. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_report.h"

esp_err_t hr_check_label(const char *label, hr_report_t *report);
/* What hotreload_config_t and hotreload_server_config_t have in common. */
esp_err_t hr_check_module(const char *label, const uint32_t *table, const char *const *names,
                          size_t count, hr_report_t *report);

esp_err_t hr_check_table(const uint32_t *table, const char *const *names, size_t count,
                         hr_report_t *report);
