/* SPDX-License-Identifier: MIT */
#include "module/hr_tasks.h"

#include <stddef.h>
#include <stdlib.h>

#include "esp_debug_helpers.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port/hr_cores.h"
#include "port/hr_idf.h"
#include "arch/hr_stack.h"
#include HR_IDF_TASK_SNAPSHOT_H

#ifdef __XTENSA_CALL0_ABI__
#error "hotreload walks the stacks of the windowed ABI"
#endif

/* An interrupt can make a task ready while tasks are held: it is listed twice then. */
#define SPARE_ENTRIES 8

typedef struct {
    TaskSnapshot_t *list;
    UBaseType_t count;
} tasks_t;

static hr_stack_t stack_from(uint32_t sp, const TaskSnapshot_t *task)
{
    uint32_t low = sp - HR_STACK_SAVE_AREA;
    return (hr_stack_t) {
        .memory = (const uint8_t *)(uintptr_t)low,
        .low = low,
        /* the address of the last 16 bytes */
        .high = ((uint32_t)(uintptr_t)task->pxEndOfStack | 15) + 1,
    };
}

static bool caller_inside(const TaskSnapshot_t *task, hr_text_t text)
{
    uint32_t pc, sp, next_pc;
    esp_backtrace_get_start(&pc, &sp, &next_pc); /* puts all registers on the stack, too */
    hr_stack_t stack = stack_from(sp, task);
    return hr_stack_callers_inside(&stack, next_pc, sp, text);
}

static bool task_inside(const TaskSnapshot_t *task, hr_text_t text)
{
    if (task->pxTCB == xTaskGetCurrentTaskHandle()) {
        return caller_inside(task, text);
    }
    uint32_t frame = (uint32_t)(uintptr_t)task->pxTopOfStack;
    hr_stack_t stack = stack_from(frame, task);
    return hr_stack_saved_inside(&stack, frame, text);
}

static bool any_inside(const tasks_t *tasks, const hr_placement_t *placement)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        hr_text_t text = {segment->run, segment->size};
        for (UBaseType_t t = 0; segment->kind == HR_SEGMENT_TEXT && t < tasks->count; t++) {
            if (task_inside(&tasks->list[t], text)) {
                return true;
            }
        }
    }
    return false;
}

bool hr_tasks_inside(const hr_placement_t *placement)
{
    UBaseType_t room = uxTaskGetNumberOfTasks() + SPARE_ENTRIES;
    tasks_t tasks = {.list = calloc(room, sizeof(TaskSnapshot_t))};
    if (tasks.list == NULL) {
        return true;
    }
    bool inside = true;
    if (hr_cores_hold()) {
        UBaseType_t tcb_size;
        tasks.count = uxTaskGetSnapshotAll(tasks.list, room, &tcb_size);
        inside = tasks.count == room || any_inside(&tasks, placement);
        hr_cores_release();
    }
    free(tasks.list);
    return inside;
}

bool hr_tasks_is_caller_inside(const hr_placement_t *placement)
{
    TaskSnapshot_t self;
    vTaskGetSnapshot(xTaskGetCurrentTaskHandle(), &self);
    const tasks_t tasks = {.list = &self, .count = 1};
    return any_inside(&tasks, placement);
}
