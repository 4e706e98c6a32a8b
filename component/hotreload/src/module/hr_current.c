/* SPDX-License-Identifier: MIT */
#include "module/hr_current.h"

#include <inttypes.h>

#include "freertos/FreeRTOS.h"
#include "module/hr_unloaded.h"
#include "port/hr_event.h"
#include "port/hr_trace.h"

/* An interrupt handler's, too: it may call the module. */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_module_t *volatile current; /* NULL: none is loaded */
static uint32_t loads;

/* While calls are held: the tables whose entries do not lead into modules. */
static struct {
    bool is_held;
    hr_target_t old;
    hr_target_t next;
} hold;

hr_module_t *hr_current_module(void)
{
    return current;
}

uint32_t hr_current_number(void)
{
    return current != NULL ? current->number : 0;
}

uint32_t hr_current_next_number(void)
{
    return loads + 1;
}

uint32_t hr_current_leads_to(const volatile uint32_t *entry)
{
    const hr_module_t *module = current;
    size_t index;
    return module != NULL && hr_target_index(&module->target, entry, &index)
        ? module->addresses[index]
        : (uint32_t)(uintptr_t)hotreload_unloaded_stub;
}

/* Entries that the module now called does not have lead nowhere: what they led to may be freed. */
static void leave(const hr_target_t *target)
{
    const hr_module_t *module = current;
    size_t index;
    for (size_t i = 0; i < target->exports.count; i++) {
        volatile uint32_t *entry = &target->table[i];
        if (module == NULL || !hr_target_index(&module->target, entry, &index)) {
            *entry = (uint32_t)(uintptr_t)hotreload_unloaded_stub;
        }
    }
}

static void point_to_current(void)
{
    const hr_module_t *module = current;
    if (module != NULL) {
        hr_target_point_to(&module->target, module->addresses);
    }
}

static void lead_from(const hr_module_t *previous)
{
    if (hold.is_held) {
        return;
    }
    if (previous != NULL) {
        leave(&previous->target);
    }
    point_to_current();
}

static void switch_to(hr_module_t *module)
{
    const hr_module_t *previous = current;
    uint32_t number = module != NULL ? module->number : 0;
    uint32_t previous_number = hr_current_number();
    portENTER_CRITICAL(&lock);
    current = module;
    loads = number > loads ? number : loads;
    lead_from(previous);
    portEXIT_CRITICAL(&lock);
    hr_trace("switch", "module=%" PRIu32, number);
    hr_event_switched(number, previous_number);
}

void hr_current_switch(hr_module_t *module)
{
    switch_to(module);
}

void hr_current_switch_to_none(const char *reason)
{
    hr_unloaded_begin(reason);
    switch_to(NULL);
}

void hr_current_hold(const hr_target_t *next, uint32_t function)
{
    portENTER_CRITICAL(&lock);
    hold.is_held = true;
    hold.old = current != NULL ? current->target : *next;
    hold.next = *next;
    hr_target_point_all(&hold.old, function);
    hr_target_point_all(&hold.next, function);
    portEXIT_CRITICAL(&lock);
}

void hr_current_hold_end(void)
{
    portENTER_CRITICAL(&lock);
    hold.is_held = false;
    leave(&hold.old);
    leave(&hold.next);
    point_to_current();
    portEXIT_CRITICAL(&lock);
}

void hr_current_status(hr_current_status_t *status)
{
    portENTER_CRITICAL(&lock);
    const hr_module_t *module = current;
    *status = (hr_current_status_t) {.loads = loads};
    if (module != NULL) {
        status->module = module->number;
        status->size = module->size;
        status->text = *hr_place_first(&module->placement, HR_SEGMENT_TEXT);
        status->data = *hr_place_first(&module->placement, HR_SEGMENT_DATA);
    }
    portEXIT_CRITICAL(&lock);
}
