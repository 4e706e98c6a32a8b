/* SPDX-License-Identifier: MIT */
#include "module/hr_hooks.h"

#include "freertos/FreeRTOS.h"
#include "port/hr_trace.h"

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_hooks_registered_t registered;

/* At the end, unless it is there already; a NULL function empties the set. */
static esp_err_t add(hr_hooks_t *hooks, hotreload_hook_fn_t function, void *context)
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

void hr_hooks_run_pre(const hr_hooks_t *hooks)
{
    for (size_t i = hooks->count; i > 0; i--) {
        run(&hooks->list[i - 1], "pre", i - 1);
    }
}

void hr_hooks_run_post(const hr_hooks_t *hooks)
{
    for (size_t i = 0; i < hooks->count; i++) {
        run(&hooks->list[i], "post", i);
    }
}

hr_hooks_registered_t hr_hooks_registered(void)
{
    portENTER_CRITICAL(&lock);
    hr_hooks_registered_t copy = registered;
    portEXIT_CRITICAL(&lock);
    return copy;
}

static esp_err_t register_hook(hr_hooks_t *hooks, hotreload_hook_fn_t hook, void *user_ctx)
{
    portENTER_CRITICAL(&lock);
    esp_err_t err = add(hooks, hook, user_ctx);
    portEXIT_CRITICAL(&lock);
    return err;
}

esp_err_t hotreload_register_pre_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(&registered.pre, hook, user_ctx);
}

esp_err_t hotreload_register_post_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(&registered.post, hook, user_ctx);
}
