/* SPDX-License-Identifier: MIT */
#include "esp_freertos_hooks.h"

#include "esp_private/freertos_hooks.h"
#include "freertos/FreeRTOS.h"

#define HOOKS 8

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static esp_freertos_idle_cb_t s_hooks[HOOKS];

static bool replace(esp_freertos_idle_cb_t old, esp_freertos_idle_cb_t new)
{
    bool found = false;
    portENTER_CRITICAL(&s_lock);
    for (int i = 0; i < HOOKS && !found; i++) {
        found = s_hooks[i] == old;
        if (found) {
            s_hooks[i] = new;
        }
    }
    portEXIT_CRITICAL(&s_lock);
    return found;
}

esp_err_t esp_register_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core)
{
    if (core >= portNUM_PROCESSORS) {
        return ESP_ERR_INVALID_ARG;
    }
    return replace(NULL, hook) ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t esp_register_freertos_idle_hook(esp_freertos_idle_cb_t hook)
{
    return esp_register_freertos_idle_hook_for_cpu(hook, 0);
}

void esp_deregister_freertos_idle_hook_for_cpu(esp_freertos_idle_cb_t hook, UBaseType_t core)
{
    if (core < portNUM_PROCESSORS) {
        (void)replace(hook, NULL);
    }
}

void esp_deregister_freertos_idle_hook(esp_freertos_idle_cb_t hook)
{
    esp_deregister_freertos_idle_hook_for_cpu(hook, 0);
}

bool esp_vApplicationIdleHook(void)
{
    bool may_wait = true;
    for (int i = 0; i < HOOKS; i++) {
        esp_freertos_idle_cb_t hook = s_hooks[i];
        may_wait = (hook == NULL || hook()) && may_wait;
    }
    return may_wait;
}
