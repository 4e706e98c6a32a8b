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

/* Adds a hook at the end unless it is there already; a NULL function empties the set. */
esp_err_t hr_hooks_register(hr_hooks_t *hooks, hotreload_hook_fn_t function, void *context);

/* Both run a copy of the set as it was: hooks may register hooks. */
void hr_hooks_run_pre(hr_hooks_t hooks);
void hr_hooks_run_post(hr_hooks_t hooks);
