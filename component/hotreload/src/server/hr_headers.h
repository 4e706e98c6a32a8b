/* SPDX-License-Identifier: MIT */
/* How long the headers of a request may take, and that esp_http_server gets nothing else.

   It has one task, and limits each of its reads only: a client that sends a byte now and then would
   keep all others waiting for as long as it likes. And it calls the handler of a request with a body
   when the first byte of that has come (on_body of http_parser): a client that waits for an answer
   before it sends one would wait in vain, and all others with it. So it reads the headers up to their
   end, and where it asks for more it gets a few bytes that nobody sent in place of the body, which
   stays in the socket. No handler reads these: who wants the body takes the connection over, and all
   others end it.

   All is called in the server's task, which has one request at a time. */
#pragma once

#include "esp_http_server.h"

/* The server's open_fn. What is received of a session from then on are headers. */
esp_err_t hr_headers_open(httpd_handle_t server, int fd);

/* The request is over, or its connection has left the server: what comes next are the headers of
   another one, which get their own time. */
void hr_headers_end(void);
