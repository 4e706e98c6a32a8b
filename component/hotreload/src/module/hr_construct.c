/* SPDX-License-Identifier: MIT */
#include "module/hr_construct.h"

#include <inttypes.h>

#include "port/hr_run.h"
#include "port/hr_trace.h"

static uint32_t function_of(const hr_module_t *module, hr_functions_t functions, uint32_t index)
{
    uint32_t link = functions.link + index * (uint32_t)sizeof(uint32_t);
    const hr_placed_t *segment = hr_place_segment(&module->placement, link, sizeof(uint32_t));
    return hr_place_load(segment, link - segment->link);
}

/* A line comes before each call: after a crash it tells which one it was. */
void hr_construct(const hr_module_t *module)
{
    for (uint32_t i = 0; i < module->constructors.count; i++) {
        uint32_t function = function_of(module, module->constructors, i);
        hr_trace("construct", "module=%" PRIu32 " index=%" PRIu32 " fn=0x%08" PRIx32, module->number,
                 i, function);
        hr_run(function);
    }
}

void hr_destruct(hr_module_t *module)
{
    while (module->destructors.count > 0) {
        uint32_t i = --module->destructors.count;
        uint32_t function = function_of(module, module->destructors, i);
        hr_trace("destruct", "module=%" PRIu32 " index=%" PRIu32 " fn=0x%08" PRIx32, module->number,
                 i, function);
        hr_run(function);
    }
}
