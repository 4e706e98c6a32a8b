/* SPDX-License-Identifier: MIT */
#include "freertos/task_snapshot.h"

#include "kernel.h"

#if CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT

/* Those that have ended and are not cleaned up yet come last: in ESP-IDF, too
   (xTasksWaitingTermination). */
TaskHandle_t pxTaskGetNext(TaskHandle_t task)
{
    const kernel_list_t *all = kernel_all_tasks();
    const kernel_list_t *ended = kernel_terminated_tasks();
    const kernel_node_t *node;
    if (task && task->state_node.list == ended) {
        node = task->state_node.next;
    } else {
        node = task ? task->all_node.next : all->end.next;
        node = node == &all->end ? ended->end.next : node;
    }
    return node == &ended->end ? NULL : node->owner;
}

BaseType_t vTaskGetSnapshot(TaskHandle_t task, TaskSnapshot_t *snapshot)
{
    if (!task || !snapshot) {
        return pdFALSE;
    }
    *snapshot = (TaskSnapshot_t){
        .pxTCB = task,
        .pxTopOfStack = (StackType_t *)task->frame,
        .pxEndOfStack = (StackType_t *)((uintptr_t)(task->stack_end - 1) & ~(uintptr_t)15),
    };
    return pdTRUE;
}

UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *snapshots, UBaseType_t size, UBaseType_t *tcb_size)
{
    UBaseType_t count = 0;
    kernel_enter();
    *tcb_size = sizeof(StaticTask_t);
    for (TaskHandle_t task = pxTaskGetNext(NULL); task && count < size; task = pxTaskGetNext(task)) {
        vTaskGetSnapshot(task, &snapshots[count++]);
    }
    kernel_leave();
    return count;
}

#endif
