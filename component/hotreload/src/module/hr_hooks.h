/* SPDX-License-Identifier: MIT */
/* An ordered set of hooks. */
#pragma once

#include <stddef.h>

#include "hotreload.h"
#include "sdkconfig.h"

typedef struct {
    hotreload_hook_fn_t function;
    void *context;
} hr_hook_t;

typedef struct {
    hr_hook_t list[CONFIG_HOTRELOAD_MAX_HOOKS];
    size_t count;
} hr_hooks_t;

void hr_hooks_run_pre(const hr_hooks_t *hooks);
void hr_hooks_run_post(const hr_hooks_t *hooks);

/* What the application has registered. */
typedef struct {
    hr_hooks_t pre;
    hr_hooks_t post;
} hr_hooks_registered_t;

/* A copy: what a hook registers counts from the next reload on. */
hr_hooks_registered_t hr_hooks_registered(void);
