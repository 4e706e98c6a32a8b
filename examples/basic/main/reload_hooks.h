/* What the application does around a reload. */
#pragma once

#include "esp_err.h"

esp_err_t reload_hooks_register(void);
