/* SPDX-License-Identifier: MIT */
/* The module that the firmware calls. Changed only inside an operation. */
#pragma once

#include "module/hr_stage.h"
#include "module/hr_target.h"

/* NULL: none is loaded. */
hr_module_t *hr_current_module(void);
uint32_t hr_current_number(void);
hr_target_t hr_current_target(void);

/* The number that the next module gets. */
uint32_t hr_current_next_number(void);

/* Where the last module from flash came from. */
hr_origin_t hr_current_origin(void);

/* The loaded module as it was staged; `addresses` has room for where its table leads. */
hr_staged_t hr_current_as_staged(uint32_t *addresses);

/* Leads all calls to a module that is placed, and takes it over. Nothing is allocated and nothing
   can fail. */
void hr_current_switch(hr_staged_t *staged, const hr_target_t *target);

/* Leads all calls to the unloaded stub; `reason` is a constant. */
void hr_current_switch_to_none(const char *reason);
