/* SPDX-License-Identifier: MIT */
#include "port/hr_cores.h"

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
#include <stddef.h>
#include <sys/param.h>

#include "esp_private/esp_ipc.h"
#include "esp_timer.h"

/* Longer than a core needs to get into its IPC task. The other core may itself be waiting for this
   one, for a flash operation: both give way then. A core that is slow, as one of an emulator is that
   has to translate its code first, gets twice as long the next time. */
#define PATIENCE_US     1000
#define PATIENCE_MAX_US 32000

static int64_t patience = PATIENCE_US;

/* turns are numbered: one that was given up may still begin later */
static uint32_t turn;
static _Atomic uint32_t held;
static _Atomic uint32_t released;
static _Atomic uint32_t left;

/* In the other core's IPC task, which nobody preempts: what ran there before is saved. */
static void hold_core(void *arg)
{
    uint32_t mine = (uint32_t)(uintptr_t)arg;
    vTaskSuspendAll();
    atomic_store(&held, mine);
    while (atomic_load(&released) != mine) {
    }
    xTaskResumeAll();
    atomic_store(&left, mine);
}

/* The kind of call that does not wait: that would need the scheduler. It fails while another one
   is under way. */
static bool call_other_core(int64_t deadline)
{
    do {
        vTaskSuspendAll(); /* first, so that the caller stays on its core */
        if (esp_ipc_call_nonblocking(!xPortGetCoreID(), hold_core, (void *)(uintptr_t)turn)
            == ESP_OK) {
            return true;
        }
        xTaskResumeAll();
    } while (esp_timer_get_time() < deadline);
    return false;
}

static bool hold(int64_t deadline)
{
    turn++;
    if (!call_other_core(deadline)) {
        return false;
    }
    while (atomic_load(&held) != turn) {
        if (esp_timer_get_time() >= deadline) {
            atomic_store(&released, turn);
            xTaskResumeAll();
            return false;
        }
    }
    return true;
}

bool hr_cores_hold(void)
{
    bool all_held = hold(esp_timer_get_time() + patience);
    patience = all_held ? MAX(patience / 2, PATIENCE_US) : MIN(patience * 2, PATIENCE_MAX_US);
    return all_held;
}

void hr_cores_release(void)
{
    atomic_store(&released, turn);
    while (atomic_load(&left) != turn) {
    }
    xTaskResumeAll();
}

#endif
