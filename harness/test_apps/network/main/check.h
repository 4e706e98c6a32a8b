// Checks of calls that no request reaches: each returns after its first failure, with a line about it.
// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>
#include <stddef.h>

// runs the check of this name; false when it failed or is not known
bool check_run(const char *name, char *report, size_t size);

typedef struct {
    char *report;
    size_t size;
} check_t;

bool check_failed(const check_t *check, const char *file, int line, const char *text, long actual, long expected);

#define CHECK_EQUAL(expected, actual)                                                           \
    do {                                                                                        \
        long check_expected = (long)(expected), check_actual = (long)(actual);                  \
        if (check_expected != check_actual) {                                                   \
            return check_failed(check, __FILE__, __LINE__, #actual, check_actual, check_expected); \
        }                                                                                       \
    } while (0)
#define CHECK(condition) CHECK_EQUAL(true, !!(condition))

bool check_event_handlers(const check_t *check);
bool check_event_loops(const check_t *check);
bool check_event_posts_in_handlers(const check_t *check);
bool check_event_changes_in_handlers(const check_t *check);
bool check_http_start(const check_t *check);
bool check_http_uris(const check_t *check);
bool check_http_wildcards(const check_t *check);
bool check_http_queries(const check_t *check);
bool check_netif_properties(const check_t *check);
bool check_netif_addresses(const check_t *check);
bool check_socket_loopback(const check_t *check);
bool check_socket_timeouts(const check_t *check);
bool check_socket_limits(const check_t *check);
bool check_socket_accept_limit(const check_t *check);
