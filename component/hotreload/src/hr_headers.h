/* SPDX-License-Identifier: MIT */
/* How long the headers of a request may take.

   esp_http_server has one task, and limits each of its reads only: a client that sends a byte now and
   then would keep all others waiting for as long as it likes. All is called in the server's task, which
   has one request at a time. */
#pragma once

#include "esp_http_server.h"

/* The server's open_fn. What is received of a session from then on are headers. */
esp_err_t hr_headers_open(httpd_handle_t server, int fd);

/* The request has been answered, or its connection has left the server: the next one gets its own
   time. */
void hr_headers_end(void);
