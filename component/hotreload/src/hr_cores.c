/* SPDX-License-Identifier: MIT */
#include "hr_cores.h"

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#ifdef CONFIG_FREERTOS_UNICORE

bool hr_cores_hold(void)
{
    vTaskSuspendAll();
    return true;
}

void hr_cores_release(void)
{
    xTaskResumeAll();
}

#else

#ifdef CONFIG_FREERTOS_SMP
#error "hotreload needs ESP-IDF's own FreeRTOS kernel: turn CONFIG_FREERTOS_SMP off"
#endif

#include <stdatomic.h>

#include "esp_private/esp_ipc.h"

static atomic_bool holding; /* the other core is in hold_core() */
static atomic_bool released;

/* In the other core's IPC task, which nobody preempts: what ran there before is saved. */
static void hold_core(void *arg)
{
    (void)arg;
    vTaskSuspendAll();
    atomic_store(&holding, true);
    while (!atomic_load(&released)) {
    }
    xTaskResumeAll();
    atomic_store(&holding, false);
}

bool hr_cores_hold(void)
{
    vTaskSuspendAll(); /* first, so that the caller stays on its core */
    atomic_store(&released, false);
    /* the kind that does not wait: that would need the scheduler */
    if (esp_ipc_call_nonblocking(!xPortGetCoreID(), hold_core, NULL) != ESP_OK) {
        xTaskResumeAll();
        return false;
    }
    while (!atomic_load(&holding)) {
    }
    return true;
}

void hr_cores_release(void)
{
    atomic_store(&released, true);
    while (atomic_load(&holding)) {
    }
    xTaskResumeAll();
}

#endif
