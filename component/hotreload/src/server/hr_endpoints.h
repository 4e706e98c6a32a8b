/* SPDX-License-Identifier: MIT */
/* The endpoints: what each request does, in whichever server of ESP-IDF they are registered. */
#pragma once

#include "esp_http_server.h"
#include "hotreload.h"
#include "port/hr_report.h"

/* A label of a partition has 16 characters at most, and its end. */
#define HR_ENDPOINTS_LABEL_SIZE 17

/* How many handlers hr_endpoints_open() registers. */
extern const unsigned hr_endpoints_count;

/* Registers them. `capacity` is the largest ELF that the partition takes. After a failure none is. */
esp_err_t hr_endpoints_open(httpd_handle_t httpd, const hotreload_server_config_t *config,
                            size_t capacity, hr_report_t *report);

/* Waits for the request that is being handled; those that are still on their way get 503. Not from
   inside a handler of these. */
void hr_endpoints_close(void);

/* Takes them out of a server that goes on. */
void hr_endpoints_unregister(httpd_handle_t httpd);
