/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#ifdef __cplusplus
extern "C" {
#endif

#if CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT

/*
 * Where a task stands. pxTopOfStack is the XtExcFrame or XtSolFrame of a task that does not
 * run; from the save area below that to the 16 bytes at pxEndOfStack lie all its saved
 * registers, register windows included. For the running task it is the frame of its last
 * switch: stale.
 */
typedef struct {
    void *pxTCB;
    StackType_t *pxTopOfStack;
    StackType_t *pxEndOfStack;
} TaskSnapshot_t;

/* first task for NULL, NULL after the last; the caller holds off the scheduler */
TaskHandle_t pxTaskGetNext(TaskHandle_t task);
BaseType_t vTaskGetSnapshot(TaskHandle_t task, TaskSnapshot_t *snapshot);
UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *snapshots, UBaseType_t size,
                                 UBaseType_t *tcb_size);

#endif

#ifdef __cplusplus
}
#endif
