/* SPDX-License-Identifier: MIT */
/* GET /: a page for people, compressed by the build from page.html. It asks /status for what it shows,
   and sends a module that is dropped on it to /upload-and-reload. */
#pragma once

#include "esp_http_server.h"

esp_err_t hr_page_handle(httpd_req_t *request);
