/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/task.h"

typedef struct {
    void *pxTCB;
    void *pxTopOfStack;
    void *pxEndOfStack;
} TaskSnapshot_t;

UBaseType_t uxTaskGetNumberOfTasks(void);
UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *list, UBaseType_t room, UBaseType_t *tcb_size);
BaseType_t vTaskGetSnapshot(TaskHandle_t task, TaskSnapshot_t *snapshot);
