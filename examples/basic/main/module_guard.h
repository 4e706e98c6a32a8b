/* Keeps the application out of the module while the module is exchanged. */
#pragma once

#include "esp_err.h"

/* Makes the guard and registers its hooks. */
esp_err_t module_guard_init(void);

/* Registers the hooks that hold the guard from before a reload until after it. */
esp_err_t module_guard_register(void);

/* Around every call into the module. */
void module_guard_enter(void);
void module_guard_leave(void);
