/* SPDX-License-Identifier: MIT */
/* What stubs call while no module is loaded. */
#pragma once

#include <stdint.h>

/* all registers that can hold a result */
typedef struct {
    uint32_t words[4];
} hr_unloaded_result_t;

/* Logs that no module is loaded, the first time and then at most once a second; every result is 0.
   The generated symbol table starts with it. Whoever may call the module may call it, interrupt
   handlers included: what may not log is counted, and told with the next line. */
hr_unloaded_result_t hotreload_unloaded_stub(void);

/* Why no module is loaded from now on, a constant; counts calls anew. */
void hr_unloaded_begin(const char *reason);
