/* SPDX-License-Identifier: MIT */
/* task notifications: a value and a state per task and index */
#include "kernel.h"

/* true when the task was waiting for it */
static bool deliver(kernel_task_t *task, UBaseType_t index)
{
    bool waiting = task->notify_state[index] == NOTIFY_WAITING;
    task->notify_state[index] = NOTIFY_RECEIVED;
    if (waiting && task->waits_for_notification && !task->suspended) {
        kernel_wake(task, false);
    }
    return waiting;
}

static bool apply(kernel_task_t *task, UBaseType_t index, uint32_t value, eNotifyAction action)
{
    switch (action) {
    case eSetBits:
        task->notify_value[index] |= value;
        break;
    case eIncrement:
        task->notify_value[index]++;
        break;
    case eSetValueWithoutOverwrite:
        if (task->notify_state[index] == NOTIFY_RECEIVED) {
            return false;
        }
        task->notify_value[index] = value;
        break;
    case eSetValueWithOverwrite:
        task->notify_value[index] = value;
        break;
    case eNoAction:
        break;
    }
    return true;
}

BaseType_t xTaskGenericNotifyFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value,
                                     eNotifyAction action, uint32_t *previous, BaseType_t *woken)
{
    configASSERT(task && index < configTASK_NOTIFICATION_ARRAY_ENTRIES);
    kernel_enter();
    if (previous) {
        *previous = task->notify_value[index];
    }
    bool applied = apply(task, index, value, action);
    if (applied && deliver(task, index) && woken && task->priority > kernel_current->priority) {
        *woken = pdTRUE;
    }
    kernel_leave();
    return applied;
}

BaseType_t xTaskGenericNotify(TaskHandle_t task, UBaseType_t index, uint32_t value,
                              eNotifyAction action, uint32_t *previous)
{
    return xTaskGenericNotifyFromISR(task, index, value, action, previous, NULL);
}

void vTaskGenericNotifyGiveFromISR(TaskHandle_t task, UBaseType_t index, BaseType_t *woken)
{
    xTaskGenericNotifyFromISR(task, index, 0, eIncrement, NULL, woken);
}

/* once: a notification ends the wait whatever value it leaves, and so does a task that resumes this
   one, in FreeRTOS too */
static void wait_for_notification(UBaseType_t index, TickType_t ticks)
{
    kernel_task_t *task = kernel_current;

    if (ticks > 0) {
        task->notify_state[index] = NOTIFY_WAITING;
        task->waits_for_notification = true;
        kernel_block(NULL, kernel_deadline(ticks));
        task->waits_for_notification = false;
    }
}

BaseType_t xTaskGenericNotifyWait(UBaseType_t index, uint32_t clear_on_entry,
                                  uint32_t clear_on_exit, uint32_t *value, TickType_t ticks)
{
    configASSERT(index < configTASK_NOTIFICATION_ARRAY_ENTRIES);
    kernel_enter();
    kernel_task_t *task = kernel_current;
    if (task->notify_state[index] != NOTIFY_RECEIVED) {
        task->notify_value[index] &= ~clear_on_entry;
        wait_for_notification(index, ticks);
    }
    if (value) {
        *value = task->notify_value[index];
    }
    bool received = task->notify_state[index] == NOTIFY_RECEIVED;
    if (received) {
        task->notify_value[index] &= ~clear_on_exit;
    }
    task->notify_state[index] = NOTIFY_NONE;
    kernel_leave();
    return received;
}

uint32_t ulTaskGenericNotifyTake(UBaseType_t index, BaseType_t clear_on_exit, TickType_t ticks)
{
    configASSERT(index < configTASK_NOTIFICATION_ARRAY_ENTRIES);
    kernel_enter();
    kernel_task_t *task = kernel_current;
    if (task->notify_value[index] == 0) {
        wait_for_notification(index, ticks);
    }
    uint32_t value = task->notify_value[index];
    if (value > 0) {
        task->notify_value[index] = clear_on_exit ? 0 : value - 1;
    }
    task->notify_state[index] = NOTIFY_NONE;
    kernel_leave();
    return value;
}

BaseType_t xTaskGenericNotifyStateClear(TaskHandle_t handle, UBaseType_t index)
{
    configASSERT(index < configTASK_NOTIFICATION_ARRAY_ENTRIES);
    kernel_enter();
    kernel_task_t *task = handle ? handle : kernel_current;
    bool received = task->notify_state[index] == NOTIFY_RECEIVED;
    if (received) {
        task->notify_state[index] = NOTIFY_NONE;
    }
    kernel_leave();
    return received;
}

uint32_t ulTaskGenericNotifyValueClear(TaskHandle_t handle, UBaseType_t index, uint32_t bits)
{
    configASSERT(index < configTASK_NOTIFICATION_ARRAY_ENTRIES);
    kernel_enter();
    kernel_task_t *task = handle ? handle : kernel_current;
    uint32_t value = task->notify_value[index];
    task->notify_value[index] &= ~bits;
    kernel_leave();
    return value;
}
