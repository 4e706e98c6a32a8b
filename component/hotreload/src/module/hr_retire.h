/* SPDX-License-Identifier: MIT */
/* The way out of a module that was replaced or unloaded: no new call reaches it, and its memory is
   freed as soon as no task is inside any more and the kernel has nothing in it, and its destructors
   have run; with a grace period that long afterwards. */
#pragma once

#include <stdbool.h>

#include "module/hr_module.h"

/* Makes ready what a later hr_retire_free() needs: that cannot fail. */
esp_err_t hr_retire_prepare(hr_report_t *report);

/* Notes what the kernel has in a module that is about to be replaced: a task that a pre hook deletes
   may be in no list any more when the module is retired, and still be in use by an idle task. */
void hr_retire_look(hr_module_t *module);

/* From here on no new call reaches the module; it stays where it is. */
void hr_retire(const hr_module_t *module);

/* Takes over a retired module. If no task is inside, its destructors run in the caller's task and it is
   freed before this returns: call it outside of operations, where no lock is held that a destructor
   could wait for. Otherwise it is freed within a tick after the last task has left it, or when a task
   of the component has run its destructors, as for callers in a task of the system. A grace period
   counts from then. */
void hr_retire_free(hr_module_t *module);

/* The same, but waits until no task is inside, so that the memory is free when it returns, without a
   grace period; destructors of a caller in a task of the system may still run. false: after `timeout_ms` a task is still inside, and the module is as it was before
   it was retired. */
bool hr_retire_free_within(hr_module_t *module, uint32_t timeout_ms);

/* Waits until no task but the caller is inside a module that no new call reaches. false: after
   `timeout_ms` one still is. */
bool hr_retire_others_leave(const hr_module_t *module, uint32_t timeout_ms);

/* Frees the retired modules whose time has come. */
void hr_retire_collect(void);

/* Frees one that waits out its grace period, for an allocation that has failed. false: there is none,
   it would fail again. */
bool hr_retire_give_back(void);

/* How many retired modules wait for tasks to leave. */
uint32_t hr_retire_waiting(void);

/* Adds that to the reason why memory ran out. Returns `err`. */
esp_err_t hr_retire_explain(esp_err_t err, hr_report_t *report);
