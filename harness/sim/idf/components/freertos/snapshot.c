/* SPDX-License-Identifier: MIT */
#include "freertos/task_snapshot.h"

#include "kernel.h"

#if CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT

TaskHandle_t pxTaskGetNext(TaskHandle_t task)
{
    const kernel_list_t *all = kernel_all_tasks();
    const kernel_node_t *node = task ? task->all_node.next : all->end.next;
    return node == &all->end ? NULL : node->owner;
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
    KERNEL_LIST_FOREACH(node, kernel_all_tasks()) {
        if (count < size) {
            vTaskGetSnapshot(node->owner, &snapshots[count++]);
        }
    }
    kernel_leave();
    return count;
}

#endif
