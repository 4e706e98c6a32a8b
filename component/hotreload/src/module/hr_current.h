/* SPDX-License-Identifier: MIT */
/* The module that the firmware calls. Changed only inside an operation. */
#pragma once

#include "module/hr_module.h"

/* NULL: none is loaded. */
hr_module_t *hr_current_module(void);
uint32_t hr_current_number(void);

/* The number that the next module gets. */
uint32_t hr_current_next_number(void);

/* Leads all calls to a module that is placed. Nothing is allocated and nothing can fail. What was
   called before is the caller's to retire. */
void hr_current_switch(hr_module_t *module);

/* Leads all calls to the unloaded stub; `reason` is a constant. */
void hr_current_switch_to_none(const char *reason);

/* Where a call through that entry of a table has to go. Takes no lock: good as long as the caller
   cannot be interrupted. */
uint32_t hr_current_leads_to(const volatile uint32_t *entry);

/* From here on all entries of the module's table, and of `next`, lead to one function, whatever is
   switched to, until the end. */
void hr_current_hold(const hr_target_t *next, uint32_t function);
void hr_current_hold_end(void);

/* What any task may ask for. */
typedef struct {
    uint32_t module; /* number; 0: none is loaded */
    uint32_t size;   /* of its ELF */
    uint32_t loads;  /* since boot */
    hr_placed_t text;
    hr_placed_t data;
} hr_current_status_t;

void hr_current_status(hr_current_status_t *status);
