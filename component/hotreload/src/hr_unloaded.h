/* SPDX-License-Identifier: MIT */
/* What stubs call while no module is loaded. */
#pragma once

#include <stdint.h>

/* all registers that can hold a result */
typedef struct {
    uint32_t words[4];
} hr_unloaded_result_t;

/* Logs that no module is loaded; every result is 0. The generated symbol table starts with it. */
hr_unloaded_result_t hotreload_unloaded_stub(void);
