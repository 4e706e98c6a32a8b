// SPDX-License-Identifier: MIT
#pragma once

#include <stdbool.h>

#include "esp_err.h"

// starts lwIP's thread; returns when the stack can be used. The second and later calls do nothing.
esp_err_t lwip_port_start(void);

// takes the lock under which lwIP's core may be called, unless the caller has it already; returns whether
// it has to be given back
bool lwip_port_lock(void);
void lwip_port_unlock(bool taken);

// sends the acknowledgements that lwIP has put off: for the end of a burst of frames
void lwip_port_acknowledge(void);
