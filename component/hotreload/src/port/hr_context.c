/* SPDX-License-Identifier: MIT */
#include "port/hr_context.h"

#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

bool hr_context_may_wait(void)
{
    return !xPortInIsrContext() && xPortCanYield()
        && xTaskGetSchedulerState() == taskSCHEDULER_RUNNING;
}

static bool starts_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

/* By name: only the idle task of a core has a function that gives it in all releases of ESP-IDF
   (esp_timer.c, esp_ipc.c: "ipc0", "ipc1"). */
bool hr_context_is_of_the_system(void)
{
    const char *name = pcTaskGetName(NULL);
    return xTaskGetCurrentTaskHandle() == xTaskGetIdleTaskHandle()
        || strcmp(name, "esp_timer") == 0 || starts_with(name, "ipc");
}
