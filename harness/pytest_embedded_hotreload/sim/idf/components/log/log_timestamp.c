/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "xtensa/xt_timer.h"

uint32_t esp_log_early_timestamp(void)
{
    uint32_t cycles_per_ms = xt_timer_hz() / 1000;
    return cycles_per_ms ? (uint32_t)(xt_timer_cycles() / cycles_per_ms) : 0;
}

uint32_t esp_log_timestamp(void)
{
    return esp_log_early_timestamp();
}

char *esp_log_system_timestamp(void)
{
    static char text[sizeof("00:00:00.000")];
    uint32_t ms = esp_log_timestamp();
    unsigned hours = ms / 3600000 % 24;
    unsigned minutes = ms / 60000 % 60;
    unsigned seconds = ms / 1000 % 60;
    snprintf(text, sizeof(text), "%02u:%02u:%02u.%03u", hours, minutes, seconds,
             (unsigned)(ms % 1000));
    return text;
}
