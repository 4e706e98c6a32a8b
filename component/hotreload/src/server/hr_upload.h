/* SPDX-License-Identifier: MIT */
/* A request body that becomes the partition's module, raw or as multipart/form-data. */
#pragma once

#include "esp_http_server.h"
#include "server/hr_answer.h"
#include "module/hr_module.h"
#include "port/hr_report.h"

typedef struct {
    const char *partition_label;
    size_t max_size; /* of the ELF */
    hr_exports_t exports;
} hr_upload_target_t;

/* Makes the answer to an upload of `size` bytes that has become current. Runs in the task that has
   received it. */
typedef void (*hr_upload_finish_t)(hr_answer_t *answer, size_t size);

/* Answers what can be said before the body is read. Otherwise streams the body to flash, checks it
   there, makes it current and answers: in a server of our own in a task that takes the connection
   over, in one of the application in the handler. Returns what the request's handler has to
   return. */
esp_err_t hr_upload_handle(httpd_req_t *request, const hr_upload_target_t *target,
                           hr_upload_finish_t finish);
