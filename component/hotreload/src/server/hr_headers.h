/* SPDX-License-Identifier: MIT */
/* How long the headers of a request may take, and that its body is not waited for.

   esp_http_server has one task, and limits each of its reads only: a client that sends a byte now and
   then would keep all others waiting for as long as it likes. And it calls the handler of a request
   with a body when the first byte of that has come (on_body of http_parser): a client that waits for
   an answer before it sends one would wait in vain, and all others with it. So when the headers are
   over and it asks for more, it gets one byte that nobody sent in place of the body's first one.

   All is called in the server's task, which has one request at a time. */
#pragma once

#include <stdbool.h>

#include "esp_http_server.h"

/* The server's open_fn. What is received of a session from then on are headers. */
esp_err_t hr_headers_open(httpd_handle_t server, int fd);

/* Whether the first byte that the server has of this request's body is the one that nobody sent; it is
   the only one that it has then. */
bool hr_headers_stand_in(void);

/* The request has been answered, or its connection has left the server: the next one gets its own
   time. */
void hr_headers_end(void);
