/* SPDX-License-Identifier: MIT */
#include "port/hr_caller.h"

#include "esp_cpu.h"
#include "esp_memory_utils.h"

bool hr_caller_is_in_psram(void)
{
    return esp_ptr_external_ram(esp_cpu_get_sp());
}
