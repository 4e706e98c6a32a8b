/* SPDX-License-Identifier: MIT */
#include "esp_app_desc.h"
#include "esp_heap_caps_init.h"
#include "esp_log.h"
#include "esp_newlib.h"
#include "esp_private/console.h"
#include "esp_private/memory_protection.h"
#include "esp_private/reset_internal.h"
#include "esp_private/startup_internal.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "xtensa/xt_timer.h"

static const char *TAG = "cpu_start";

typedef void (*constructor_t)(void);

/* from the linker script */
extern const constructor_t __init_array_start[], __init_array_end[];
extern const constructor_t _ctors_start[], _ctors_end[];
extern const esp_system_init_fn_t _esp_system_init_fn_array_start[];
extern const esp_system_init_fn_t _esp_system_init_fn_array_end[];

static void call_constructors(void)
{
    for (const constructor_t *fn = __init_array_start; fn < __init_array_end; fn++) {
        (*fn)();
    }
    /* .ctors run from the last to the first (System V ABI, C++ compilers' custom) */
    for (const constructor_t *fn = _ctors_end; fn > _ctors_start; fn--) {
        fn[-1]();
    }
}

static void call_init_functions(void)
{
    const esp_system_init_fn_t *end = _esp_system_init_fn_array_end;
    for (const esp_system_init_fn_t *init = _esp_system_init_fn_array_start; init < end; init++) {
        ESP_ERROR_CHECK(init->fn());
    }
}

void esp_startup(void)
{
    esp_memory_protection_init();
    esp_reset_reason_init();
    xt_timer_init();
    heap_caps_init();
    esp_newlib_init();
    console_init();

    const esp_app_desc_t *app = esp_app_get_description();
    ESP_EARLY_LOGI(TAG, "Project name:     %s", app->project_name);
    ESP_EARLY_LOGI(TAG, "App version:      %s", app->version);
    ESP_EARLY_LOGI(TAG, "ESP-IDF:          %s", esp_get_idf_version());

    ESP_ERROR_CHECK(esp_timer_init());
    call_init_functions();
    call_constructors();
    esp_startup_start_app();
}
