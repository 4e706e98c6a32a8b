/* SPDX-License-Identifier: MIT */
#include "module/hr_current.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "port/hr_event.h"
#include "lifecycle/hr_lifecycle.h"
#include "port/hr_trace.h"
#include "module/hr_unloaded.h"

/* both are empty while no module is loaded */
static hr_module_t *current;
static hr_target_t current_target;
static hr_origin_t origin;

/* read by any task */
static portMUX_TYPE status_lock = portMUX_INITIALIZER_UNLOCKED;
static hr_lifecycle_status_t shared_status;

hr_module_t *hr_current_module(void)
{
    return current;
}

uint32_t hr_current_number(void)
{
    return current != NULL ? current->number : 0;
}

hr_target_t hr_current_target(void)
{
    return current_target;
}

uint32_t hr_current_next_number(void)
{
    return shared_status.loads + 1;
}

hr_origin_t hr_current_origin(void)
{
    return origin;
}

static hr_lifecycle_status_t status_of(const hr_staged_t *staged)
{
    const hr_module_t *module = staged->module;
    const hr_placed_t *text = hr_place_first(&module->placement, HR_SEGMENT_TEXT);
    const hr_placed_t *data = hr_place_first(&module->placement, HR_SEGMENT_DATA);
    hr_lifecycle_status_t status = {
        .module = module->number,
        .size = module->size,
        .loads = module->number,
        .text_address = text->run,
        .text_size = text->size,
        .data_address = data->run,
        .data_size = data->size,
        .hash_known = staged->origin.partition != NULL,
    };
    memcpy(status.hash, staged->origin.hash, sizeof(status.hash));
    return status;
}

hr_staged_t hr_current_as_staged(uint32_t *addresses)
{
    hr_staged_t staged = {
        .module = current,
        .addresses = addresses,
        .count = current_target.exports.count,
    };
    if (shared_status.hash_known) {
        staged.origin = origin;
    }
    hr_target_read(&current_target, addresses);
    return staged;
}

void hr_current_switch(hr_staged_t *staged, const hr_target_t *target)
{
    uint32_t previous = hr_current_number();
    hr_lifecycle_status_t status = status_of(staged);
    portENTER_CRITICAL(&status_lock);
    hr_target_leave(&current_target, target);
    hr_target_point_to(target, staged->addresses);
    shared_status = status;
    portEXIT_CRITICAL(&status_lock);
    current = staged->module;
    current_target = *target;
    free(staged->addresses);
    if (staged->origin.partition != NULL) {
        origin = staged->origin;
    }
    hr_trace("switch", "module=%" PRIu32, current->number);
    hr_event_switched(current->number, previous);
}

void hr_current_switch_to_none(const char *reason)
{
    uint32_t previous = hr_current_number();
    hr_unloaded_begin(reason);
    portENTER_CRITICAL(&status_lock);
    hr_target_point_to_unloaded(&current_target);
    shared_status = (hr_lifecycle_status_t) {.loads = shared_status.loads};
    portEXIT_CRITICAL(&status_lock);
    current = NULL;
    current_target = (hr_target_t) {0};
    hr_trace("switch", "module=0");
    hr_event_switched(0, previous);
}

hr_exports_t hr_lifecycle_exports(void)
{
    return current_target.exports;
}

void hr_lifecycle_status(hr_lifecycle_status_t *status)
{
    portENTER_CRITICAL(&status_lock);
    *status = shared_status;
    portEXIT_CRITICAL(&status_lock);
}
