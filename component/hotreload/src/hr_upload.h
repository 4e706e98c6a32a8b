/* SPDX-License-Identifier: MIT */
/* A request body that becomes the partition's module, raw or as multipart/form-data. */
#pragma once

#include "esp_http_server.h"
#include "hr_module.h"
#include "hr_report.h"

typedef struct {
    const char *partition_label;
    size_t max_size; /* of the ELF */
    hr_exports_t exports;
} hr_upload_target_t;

/* Streams the body to flash, checks it there and makes it current. `size` receives the size of the
   ELF. */
esp_err_t hr_upload_receive(httpd_req_t *request, const hr_upload_target_t *target,
                            uint32_t *size, hr_report_t *report);
