/* SPDX-License-Identifier: MIT */
/* The timers of the component; tasks_tick() lets them expire. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

typedef struct esp_timer *esp_timer_handle_t;

typedef struct {
    void (*callback)(void *arg);
    void *arg;
    const char *name;
    bool skip_unhandled_events;
} esp_timer_create_args_t;

/* see clock.h */
int64_t esp_timer_get_time(void);

esp_err_t esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *timer);
esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout);
esp_err_t esp_timer_delete(esp_timer_handle_t timer);
esp_err_t esp_timer_stop(esp_timer_handle_t timer);
