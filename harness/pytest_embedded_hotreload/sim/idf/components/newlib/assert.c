/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_private/panic_internal.h"
#include "sdkconfig.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* built by hand: printf needs more stack than a task that asserts may have left */
static void append(char *text, size_t size, const char *part)
{
    strlcat(text, part, size);
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    static char text[256];
    char number[12];
    text[0] = '\0';
    append(text, sizeof(text), "assert failed: ");
    append(text, sizeof(text), function ? function : "?");
    append(text, sizeof(text), " ");
    append(text, sizeof(text), base_name(file));
    append(text, sizeof(text), ":");
    append(text, sizeof(text), itoa(line, number, 10));
    append(text, sizeof(text), " (");
    append(text, sizeof(text), expression);
    append(text, sizeof(text), ")");
    panic_abort(text);
}

void __assert(const char *file, int line, const char *expression)
{
    __assert_func(file, line, NULL, expression);
}
