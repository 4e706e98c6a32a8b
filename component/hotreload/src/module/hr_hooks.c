/* SPDX-License-Identifier: MIT */
#include "module/hr_hooks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "port/hr_lock.h"
#include "port/hr_trace.h"
#include "sdkconfig.h"

static const char *TAG = "hotreload";

typedef enum {
    PRE,
    HANDOVER,
    POST,
    KINDS,
} kind_t;

static const char *const kind_names[] = {"pre", "handover", "post"};

/* of any type; called as what its kind is */
typedef void (*function_t)(void);

/* Numbered in the order of registration, and never twice: a reload runs those up to the number at
   which it began, and finds the next one by the number of the last. So it needs no copy, and one that
   was removed is not found. */
typedef struct hook {
    struct hook *next; /* the one registered before */
    function_t function;
    void *context;
    uint32_t number;
} hook_t;

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hook_t *registered[KINDS];
static uint32_t last_number;

/* Held while a hook runs, whose number that is. */
static hr_lock_t running;
static uint32_t running_number;

static esp_err_t outcome = ESP_ERR_INVALID_STATE;

/* The first one of the list from `place` on that is meant; a NULL function means all. */
static hook_t **find(hook_t **place, function_t function, const void *context)
{
    while (*place != NULL && function != NULL
           && ((*place)->function != function || (*place)->context != context)) {
        place = &(*place)->next;
    }
    return place;
}

static size_t count(const hook_t *hook)
{
    size_t found = 0;
    for (; hook != NULL; hook = hook->next) {
        found++;
    }
    return found;
}

/* Takes over `hook`, unless it is refused or there already. */
static esp_err_t add(kind_t kind, hook_t **hook)
{
    esp_err_t err = ESP_OK;
    portENTER_CRITICAL(&lock);
    if (*find(&registered[kind], (*hook)->function, (*hook)->context) == NULL) {
        if (count(registered[kind]) == CONFIG_HOTRELOAD_MAX_HOOKS) {
            err = ESP_ERR_NO_MEM;
        } else {
            (*hook)->number = ++last_number;
            (*hook)->next = registered[kind];
            registered[kind] = *hook;
            *hook = NULL;
        }
    }
    portEXIT_CRITICAL(&lock);
    return err;
}

/* Takes out those that are meant, and tells whether one of them runs right now. */
static hook_t *take_out(kind_t kind, function_t function, const void *context, bool *runs)
{
    hook_t *out = NULL;
    portENTER_CRITICAL(&lock);
    hook_t **place = find(&registered[kind], function, context);
    while (*place != NULL) {
        hook_t *hook = *place;
        *place = hook->next;
        hook->next = out;
        out = hook;
        *runs = *runs || hook->number == running_number;
        place = find(place, function, context);
    }
    portEXIT_CRITICAL(&lock);
    return out;
}

/* The lock is recursive: from inside the hook this does not wait. */
static void wait_for_the_one_that_runs(void)
{
    hr_lock_take(&running);
    hr_lock_give(&running);
}

static esp_err_t remove_hooks(kind_t kind, function_t function, const void *context)
{
    bool runs = false;
    hook_t *out = take_out(kind, function, context, &runs);
    esp_err_t err = out != NULL ? ESP_OK : ESP_ERR_NOT_FOUND;
    while (out != NULL) {
        hook_t *hook = out;
        out = hook->next;
        free(hook);
    }
    if (runs) {
        wait_for_the_one_that_runs();
    }
    return err;
}

static esp_err_t register_hook(kind_t kind, function_t function, void *context)
{
    if (function == NULL) {
        remove_hooks(kind, NULL, NULL);
        return ESP_OK;
    }
    if (hr_module_has_code_at((uint32_t)(uintptr_t)function)) {
        ESP_LOGE(TAG, "the %s hook at 0x%08" PRIx32 " is a function of a module, whose memory goes",
                 kind_names[kind], (uint32_t)(uintptr_t)function);
        return HOTRELOAD_ERR_HOOK_IN_MODULE;
    }
    hook_t *hook = malloc(sizeof(*hook));
    if (hook == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *hook = (hook_t) {.function = function, .context = context};
    esp_err_t err = add(kind, &hook);
    free(hook);
    return err;
}

/* One run through the hooks of a kind. */
typedef struct {
    kind_t kind;
    uint32_t begun; /* what hr_hooks_begin() gave */
    uint32_t last;  /* number of the hook that ran last; 0: none has */
    hook_t hook;    /* a copy of that one, which may be removed while it runs */
    unsigned index; /* among those of its kind, in the order of registration */
} run_t;

/* Pre hooks run in the reverse order of registration. */
static bool is_next(const run_t *run, const hook_t *hook, const hook_t *best)
{
    if (hook->number > run->begun) {
        return false;
    }
    if (run->kind == PRE) {
        return (run->last == 0 || hook->number < run->last)
            && (best == NULL || hook->number > best->number);
    }
    return hook->number > run->last && (best == NULL || hook->number < best->number);
}

/* With the lock `running`. */
static bool enter_next(run_t *run)
{
    const hook_t *best = NULL;
    portENTER_CRITICAL(&lock);
    for (const hook_t *hook = registered[run->kind]; hook != NULL; hook = hook->next) {
        if (is_next(run, hook, best)) {
            best = hook;
        }
    }
    if (best != NULL) {
        run->hook = *best;
        run->last = best->number;
        run->index = (unsigned)count(best->next);
        running_number = best->number;
    }
    portEXIT_CRITICAL(&lock);
    return best != NULL;
}

static esp_err_t call(const run_t *run, const hotreload_handover_t *handover)
{
    const char *kind = kind_names[run->kind];
    unsigned function = (unsigned)(uintptr_t)run->hook.function;
    unsigned context = (unsigned)(uintptr_t)run->hook.context;
    esp_err_t err = ESP_OK;
    hr_trace("hook_enter", "kind=%s index=%u fn=0x%08x ctx=0x%08x", kind, run->index, function,
             context);
    if (run->kind == HANDOVER) {
        err = ((hotreload_handover_fn_t)run->hook.function)(handover, run->hook.context);
    } else {
        ((hotreload_hook_fn_t)run->hook.function)(run->hook.context);
    }
    hr_trace("hook_leave", "kind=%s index=%u fn=0x%08x ctx=0x%08x", kind, run->index, function,
             context);
    return err;
}

/* Until there is no other, or one fails. */
static esp_err_t run_all(run_t *run, const hotreload_handover_t *handover)
{
    esp_err_t err = ESP_OK;
    bool another = true;
    while (err == ESP_OK && another) {
        hr_lock_take(&running);
        another = enter_next(run);
        if (another) {
            err = call(run, handover);
            running_number = 0;
        }
        hr_lock_give(&running);
    }
    return err;
}

uint32_t hr_hooks_begin(void)
{
    return last_number;
}

void hr_hooks_run_pre(uint32_t begun)
{
    run_t run = {.kind = PRE, .begun = begun};
    run_all(&run, NULL);
}

esp_err_t hr_hooks_run_handover(uint32_t begun, const hotreload_handover_t *handover,
                                hr_report_t *report)
{
    run_t run = {.kind = HANDOVER, .begun = begun};
    esp_err_t err = run_all(&run, handover);
    if (err != ESP_OK) {
        hr_reject(report, err, "the handover hook at 0x%08" PRIx32 " refused module %" PRIu32,
                  (uint32_t)(uintptr_t)run.hook.function, handover->next->number);
    }
    return err;
}

void hr_hooks_run_post(uint32_t begun, esp_err_t of_the_reload)
{
    run_t run = {.kind = POST, .begun = begun};
    outcome = of_the_reload;
    run_all(&run, NULL);
    outcome = ESP_ERR_INVALID_STATE;
}

static void *address_in(const hr_module_t *module, const char *name)
{
    size_t index;
    return module != NULL && name != NULL && hr_target_find(&module->target, name, &index)
        ? (void *)(uintptr_t)module->addresses[index]
        : NULL;
}

void *hotreload_handover_new(const hotreload_handover_t *handover, const char *name)
{
    return address_in(handover->next, name);
}

void *hotreload_handover_old(const hotreload_handover_t *handover, const char *name)
{
    return address_in(handover->old, name);
}

esp_err_t hotreload_register_pre_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(PRE, (function_t)hook, user_ctx);
}

esp_err_t hotreload_register_handover_hook(hotreload_handover_fn_t hook, void *user_ctx)
{
    return register_hook(HANDOVER, (function_t)hook, user_ctx);
}

esp_err_t hotreload_register_post_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return register_hook(POST, (function_t)hook, user_ctx);
}

static esp_err_t unregister_hook(kind_t kind, function_t function, void *context)
{
    return function != NULL ? remove_hooks(kind, function, context) : ESP_ERR_INVALID_ARG;
}

esp_err_t hotreload_unregister_pre_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return unregister_hook(PRE, (function_t)hook, user_ctx);
}

esp_err_t hotreload_unregister_handover_hook(hotreload_handover_fn_t hook, void *user_ctx)
{
    return unregister_hook(HANDOVER, (function_t)hook, user_ctx);
}

esp_err_t hotreload_unregister_post_hook(hotreload_hook_fn_t hook, void *user_ctx)
{
    return unregister_hook(POST, (function_t)hook, user_ctx);
}

esp_err_t hotreload_reload_outcome(void)
{
    return outcome;
}
