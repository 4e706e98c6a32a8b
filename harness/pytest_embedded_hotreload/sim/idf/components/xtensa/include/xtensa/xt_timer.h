/* SPDX-License-Identifier: MIT */
/* time from CCOUNT, extended to 64 bit, and alarms that share CCOMPARE0 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    XT_ALARM_KERNEL, /* next tick that somebody waits for */
    XT_ALARM_ESP_TIMER,
    XT_ALARM_ETHERNET, /* makes QEMU look at its network after a frame was sent */
    XT_ALARM_PROBE,    /* a test's, for whatever it wants to happen at a certain cycle */
    XT_ALARM_COUNT,
} xt_alarm_t;

#define XT_ALARM_NEVER UINT64_MAX

/* starts the count at 0 */
void xt_timer_init(void);

/* cycles since xt_timer_init() */
uint64_t xt_timer_cycles(void);
uint32_t xt_timer_hz(void);

/* handlers run in interrupt context, once per alarm that is reached */
void xt_alarm_set_handler(xt_alarm_t alarm, void (*handler)(void));
void xt_alarm_set(xt_alarm_t alarm, uint64_t cycles);

#ifdef __cplusplus
}
#endif
