/* SPDX-License-Identifier: MIT */
#include "port/hr_trace.h"

#ifdef CONFIG_HOTRELOAD_TRACE

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "esp_timer.h"
#include "port/hr_lock.h"

#define LINE_SIZE 192

static hr_lock_t lock;
static uint32_t sequence;

/* One write for the whole line: what other tasks print stays before or behind it. */
static void print_line(const char *event, const char *format, va_list fields)
{
    char line[LINE_SIZE];
    sequence++;
    int length = snprintf(line, sizeof(line), "HR %" PRIu32 " %" PRId64 " %s ", sequence,
                          esp_timer_get_time(), event);
    int more = vsnprintf(line + length, sizeof(line) - length - 1, format, fields);
    length += more < LINE_SIZE - length - 2 ? more : LINE_SIZE - length - 2;
    line[length++] = '\n';
    fwrite(line, 1, length, stdout);
    fflush(stdout);
}

static void print(const char *event, const char *format, ...)
{
    va_list fields;
    va_start(fields, format);
    print_line(event, format, fields);
    va_end(fields);
}

void hr_trace_print(const char *event, const char *format, ...)
{
    va_list fields;
    va_start(fields, format);
    hr_lock_take(&lock);
    if (sequence == 0) {
        print("trace", "version=%d", HR_TRACE_VERSION);
    }
    print_line(event, format, fields);
    hr_lock_give(&lock);
    va_end(fields);
}

#endif
