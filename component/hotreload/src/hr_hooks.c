/* SPDX-License-Identifier: MIT */
#include "hr_hooks.h"

#include "hr_trace.h"

esp_err_t hr_hooks_register(hr_hooks_t *hooks, hotreload_hook_fn_t function, void *context)
{
    if (function == NULL) {
        hooks->count = 0;
        return ESP_OK;
    }
    for (size_t i = 0; i < hooks->count; i++) {
        if (hooks->list[i].function == function && hooks->list[i].context == context) {
            return ESP_OK;
        }
    }
    if (hooks->count == CONFIG_HOTRELOAD_MAX_HOOKS) {
        return ESP_ERR_NO_MEM;
    }
    hooks->list[hooks->count++] = (hr_hook_t) {function, context};
    return ESP_OK;
}

static void run(const hr_hook_t *hook, const char *kind, size_t index)
{
    hr_trace("hook_enter", "kind=%s index=%u fn=0x%08x ctx=0x%08x", kind, (unsigned)index,
             (unsigned)(uintptr_t)hook->function, (unsigned)(uintptr_t)hook->context);
    hook->function(hook->context);
    hr_trace("hook_leave", "kind=%s index=%u fn=0x%08x ctx=0x%08x", kind, (unsigned)index,
             (unsigned)(uintptr_t)hook->function, (unsigned)(uintptr_t)hook->context);
}

void hr_hooks_run_pre(hr_hooks_t hooks)
{
    for (size_t i = hooks.count; i > 0; i--) {
        run(&hooks.list[i - 1], "pre", i - 1);
    }
}

void hr_hooks_run_post(hr_hooks_t hooks)
{
    for (size_t i = 0; i < hooks.count; i++) {
        run(&hooks.list[i], "post", i);
    }
}
