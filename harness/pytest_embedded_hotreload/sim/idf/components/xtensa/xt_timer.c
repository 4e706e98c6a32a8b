/* SPDX-License-Identifier: MIT */
#include "xtensa/xt_timer.h"

#include <stddef.h>

#include "soc/interrupts.h"
#include "soc/sim_board.h"
#include "xt_utils.h"
#include "xtensa/xtensa_api.h"

/* CCOUNT has to be read at least once per turn of its 32 bits */
#define MAX_ALARM_DISTANCE 0x40000000u
/* an alarm nearer than this could be passed before CCOMPARE0 is written */
#define MIN_ALARM_DISTANCE 200u

static uint64_t s_cycles;
static uint32_t s_last_ccount;
static uint32_t s_hz;
static uint64_t s_armed_for;
static struct {
    uint64_t at;
    void (*handler)(void);
} s_alarms[XT_ALARM_COUNT];

/* interrupts masked */
static uint64_t advance(void)
{
    uint32_t now = xt_utils_get_cycle_count();
    s_cycles += now - s_last_ccount;
    s_last_ccount = now;
    return s_cycles;
}

static void write_ccompare(uint32_t value)
{
    __asm__ volatile("wsr %0, ccompare0\n\tesync" : : "a"(value));
}

/* interrupts masked */
static void arm(uint64_t at)
{
    uint64_t now = advance();
    uint64_t distance = at > now ? at - now : 0;
    if (distance < MIN_ALARM_DISTANCE) {
        distance = MIN_ALARM_DISTANCE;
    } else if (distance > MAX_ALARM_DISTANCE) {
        distance = MAX_ALARM_DISTANCE;
    }
    write_ccompare(s_last_ccount + (uint32_t)distance);
    /* held up on the way here: try again rather than wait for the next turn of CCOUNT */
    while ((uint32_t)(xt_utils_get_cycle_count() - s_last_ccount) >= distance) {
        advance();
        distance = MIN_ALARM_DISTANCE;
        write_ccompare(s_last_ccount + MIN_ALARM_DISTANCE);
    }
    s_armed_for = at;
}

static uint64_t next_alarm(void)
{
    uint64_t next = XT_ALARM_NEVER;
    for (int i = 0; i < XT_ALARM_COUNT; i++) {
        if (s_alarms[i].at < next) {
            next = s_alarms[i].at;
        }
    }
    return next;
}

static void on_timer(void *arg)
{
    (void)arg;
    uint64_t now = advance();
    for (int i = 0; i < XT_ALARM_COUNT; i++) {
        if (s_alarms[i].at <= now) {
            s_alarms[i].at = XT_ALARM_NEVER;
            s_alarms[i].handler();
        }
    }
    arm(next_alarm()); /* also acknowledges the interrupt */
}

void xt_timer_init(void)
{
    s_hz = SIM_REG32(SIM_FPGA_CLOCK_HZ);
    s_last_ccount = xt_utils_get_cycle_count();
    for (int i = 0; i < XT_ALARM_COUNT; i++) {
        s_alarms[i].at = XT_ALARM_NEVER;
    }
    arm(XT_ALARM_NEVER);
    xt_set_interrupt_handler(ETS_INTERNAL_TIMER0_INTR_SOURCE, on_timer, NULL);
    xt_ints_on(1u << ETS_INTERNAL_TIMER0_INTR_SOURCE);
}

uint64_t xt_timer_cycles(void)
{
    uint32_t ps = xt_int_disable();
    uint64_t now = advance();
    xt_int_restore(ps);
    return now;
}

uint32_t xt_timer_hz(void)
{
    return s_hz;
}

void xt_alarm_set_handler(xt_alarm_t alarm, void (*handler)(void))
{
    s_alarms[alarm].handler = handler;
}

void xt_alarm_set(xt_alarm_t alarm, uint64_t cycles)
{
    uint32_t ps = xt_int_disable();
    s_alarms[alarm].at = cycles;
    uint64_t next = next_alarm();
    if (next != s_armed_for) {
        arm(next);
    }
    xt_int_restore(ps);
}
