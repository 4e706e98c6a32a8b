/* SPDX-License-Identifier: MIT */
/* The hooks that the application has registered, and how they are run around one reload. */
#pragma once

#include <stdint.h>

#include "hotreload.h"
#include "module/hr_module.h"
#include "port/hr_report.h"

/* What a handover hook sees. */
struct hotreload_handover {
    const hr_module_t *next;
    const hr_module_t *old; /* NULL: none */
};

/* Begins a reload: only hooks that are registered by now run, for its whole length. Returns what the
   functions below take. */
uint32_t hr_hooks_begin(void);

void hr_hooks_run_pre(uint32_t begun);

/* Until one of them refuses the reload: that hook's error. */
esp_err_t hr_hooks_run_handover(uint32_t begun, const hotreload_handover_t *handover,
                                hr_report_t *report);

/* `outcome` is what hotreload_reload_outcome() gives meanwhile. */
void hr_hooks_run_post(uint32_t begun, esp_err_t outcome);
