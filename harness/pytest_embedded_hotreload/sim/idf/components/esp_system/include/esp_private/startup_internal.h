/* SPDX-License-Identifier: MIT */
#pragma once

#include "esp_attr.h"
#include "esp_err.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

/* first C code */
void esp_startup(void) __attribute__((noreturn));

/* makes the main task and starts the scheduler; the freertos component's */
void esp_startup_start_app(void) __attribute__((noreturn));

typedef struct {
    esp_err_t (*fn)(void);
    uint16_t cores;
} esp_system_init_fn_t;

/* a function that start-up calls, in the order of priorities, before the scheduler runs */
#define ESP_SYSTEM_INIT_FN(f, core_mask, priority, ...)                                     \
    static esp_err_t __attribute__((used)) __esp_system_init_fn_##f(void);                  \
    static const __attribute__((used, section(".esp_system_init_fn." #priority)))           \
    esp_system_init_fn_t esp_system_init_fn_##f = {                                         \
        .fn = __esp_system_init_fn_##f,                                                     \
        .cores = (core_mask),                                                               \
    };                                                                                      \
    static esp_err_t __esp_system_init_fn_##f(void)

#ifdef __cplusplus
}
#endif
