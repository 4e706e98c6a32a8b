/* SPDX-License-Identifier: MIT */
/* What the server asks of a request that is to change something, by the rules of hr_auth.h. */
#pragma once

#include "esp_http_server.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

/* What a request may do. */
typedef struct {
    bool is_signed;
    uint8_t module[HR_SHA256_SIZE]; /* the SHA-256 that the ELF has to have then */
} hr_access_t;

/* Before the server starts: what was signed for an earlier start is worth nothing from here on. */
esp_err_t hr_access_open(hr_report_t *report);

/* Handler of GET /nonce. */
esp_err_t hr_access_handle_nonce(httpd_req_t *request);

/* In the handler of a POST, before anything else. */
esp_err_t hr_access_check(httpd_req_t *request, hr_access_t *access, hr_report_t *report);

/* The same for a request that brings a module: the page, which has no key, may do that unsigned. The
   module has to be signed then as ever, see hr_image_mac.h. */
esp_err_t hr_access_check_module(httpd_req_t *request, hr_access_t *access, hr_report_t *report);
