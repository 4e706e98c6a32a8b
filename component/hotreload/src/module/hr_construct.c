/* SPDX-License-Identifier: MIT */
#include "module/hr_construct.h"

#include <inttypes.h>

#include "port/hr_run.h"
#include "port/hr_trace.h"

/* The line comes first: after a crash it tells which one it was. */
static void run(const char *event, const hr_module_t *module, uint32_t link, uint32_t index)
{
    link += index * (uint32_t)sizeof(uint32_t);
    const hr_placed_t *segment = hr_place_segment(&module->placement, link, sizeof(uint32_t));
    uint32_t function = hr_place_load(segment, link - segment->link);
    hr_trace(event, "module=%" PRIu32 " index=%" PRIu32 " fn=0x%08" PRIx32, module->number, index,
             function);
    hr_run(function);
}

void hr_construct(hr_module_t *module)
{
    for (uint32_t i = 0; i < module->constructors.count; i++) {
        run("construct", module, module->constructors.link, i);
    }
}

void hr_destruct(hr_module_t *module)
{
    while (module->destructors.count > 0) {
        module->destructors.count--;
        run("destruct", module, module->destructors.link, module->destructors.count);
    }
}
