// SPDX-License-Identifier: MIT
#include "check.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool (*run)(const check_t *check);
} checks[] = {
    {"event_handlers", check_event_handlers},
    {"event_loops", check_event_loops},
    {"event_posts_in_handlers", check_event_posts_in_handlers},
    {"event_changes_in_handlers", check_event_changes_in_handlers},
    {"http_start", check_http_start},
    {"http_uris", check_http_uris},
    {"http_wildcards", check_http_wildcards},
    {"http_queries", check_http_queries},
    {"netif_properties", check_netif_properties},
    {"netif_addresses", check_netif_addresses},
    {"socket_loopback", check_socket_loopback},
    {"socket_timeouts", check_socket_timeouts},
    {"socket_limits", check_socket_limits},
    {"socket_accept_limit", check_socket_accept_limit},
};

bool check_failed(const check_t *check, const char *file, int line, const char *text, long actual, long expected)
{
    const char *name = strrchr(file, '/');
    snprintf(check->report, check->size, "%s:%d: %s is %ld, not %ld", name ? name + 1 : file, line, text, actual,
             expected);
    return false;
}

bool check_run(const char *name, char *report, size_t size)
{
    const check_t check = {.report = report, .size = size};

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (strcmp(checks[i].name, name) == 0) {
            snprintf(report, size, "ok");
            return checks[i].run(&check);
        }
    }
    snprintf(report, size, "there is no check '%s'", name);
    return false;
}
