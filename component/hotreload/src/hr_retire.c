/* SPDX-License-Identifier: MIT */
#include "hr_retire.h"

#include <inttypes.h>
#include <stdlib.h>

#include "hr_event.h"
#include "hr_trace.h"

void hr_retire(const hr_module_t *module)
{
    hr_trace("retire", "module=%" PRIu32, module->number);
}

void hr_retire_free(hr_module_t *module)
{
    uint32_t number = module->number;
    uint32_t text = hr_place_first(&module->placement, HR_SEGMENT_TEXT)->run;
    uint32_t data = hr_place_first(&module->placement, HR_SEGMENT_DATA)->run;
    hr_module_free(module);
    free(module);
    hr_trace("free", "module=%" PRIu32 " text=0x%08" PRIx32 " data=0x%08" PRIx32, number, text,
             data);
    hr_event_retired(number);
}
