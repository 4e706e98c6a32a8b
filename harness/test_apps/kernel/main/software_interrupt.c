/* SPDX-License-Identifier: MIT */
#include "software_interrupt.h"

#include "esp_intr_alloc.h"

static struct {
    void (*function)(void *);
    void *arg;
} s_call;

static void on_interrupt(void *arg)
{
    uint32_t mask = 1u << ETS_INTERNAL_SW0_INTR_SOURCE;
    __asm__ volatile("wsr %0, intclear\n\trsync" : : "a"(mask));
    s_call.function(s_call.arg);
}

void run_in_interrupt(void (*function)(void *), void *arg)
{
    static intr_handle_t handle;
    if (!handle) {
        ESP_ERROR_CHECK(
            esp_intr_alloc(ETS_INTERNAL_SW0_INTR_SOURCE, 0, on_interrupt, NULL, &handle));
    }
    s_call.function = function;
    s_call.arg = arg;
    uint32_t mask = 1u << ETS_INTERNAL_SW0_INTR_SOURCE;
    __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(mask) : "memory");
}
