/* SPDX-License-Identifier: MIT */
#include "module/hr_tasks.h"

#include <stddef.h>
#include <stdlib.h>

#include "arch/hr_stack.h"
#include "esp_debug_helpers.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module/hr_module.h"
#include "port/hr_cores.h"
#include "port/hr_idf.h"
#include HR_IDF_TASK_SNAPSHOT_H

#ifdef __XTENSA_CALL0_ABI__
#error "hotreload walks the stacks of the windowed ABI"
#endif

/* An interrupt can make a task ready while tasks are held: it is listed twice then. */
#define SPARE_ENTRIES 8

/* More are in memory only when tasks stay in old ones: then nobody is asked for all of them. */
#define MODULES_MAX 8

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

static bool is_inside(const TaskSnapshot_t *task, const hr_placement_t *placement)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        hr_text_t text = {segment->run, segment->size};
        if (segment->kind == HR_SEGMENT_TEXT && task_inside(task, text)) {
            return true;
        }
    }
    return false;
}

static bool is_in(const hr_placement_t *placement, const void *object)
{
    return hr_place_is_inside(placement, HR_SEGMENT_DATA, (uint32_t)(uintptr_t)object);
}

/* The idle task takes an ended task out of the kernel's lists before it has done with it: that is
   the caller's to wait for (port/hr_idle.h). */
static hr_tasks_t look(const tasks_t *tasks, const hr_placement_t *placement)
{
    hr_tasks_t seen = {0};
    for (UBaseType_t i = 0; i < tasks->count; i++) {
        const TaskSnapshot_t *task = &tasks->list[i];
        bool inside = is_inside(task, placement);
        seen.inside |= inside;
        seen.others |= inside && task->pxTCB != xTaskGetCurrentTaskHandle();
        seen.objects |= is_in(placement, task->pxTCB) || is_in(placement, task->pxEndOfStack);
    }
    return seen;
}

hr_tasks_t hr_tasks_look(const hr_placement_t *placement)
{
    hr_tasks_t seen = {.inside = true, .others = true};
    UBaseType_t room = uxTaskGetNumberOfTasks() + SPARE_ENTRIES;
    tasks_t tasks = {.list = calloc(room, sizeof(TaskSnapshot_t))};
    if (tasks.list == NULL) {
        return seen;
    }
    if (hr_cores_hold()) {
        UBaseType_t tcb_size;
        tasks.count = uxTaskGetSnapshotAll(tasks.list, room, &tcb_size);
        if (tasks.count < room) {
            seen = look(&tasks, placement);
        }
        hr_cores_release();
    }
    free(tasks.list);
    return seen;
}

bool hr_tasks_is_caller_inside(const hr_placement_t *placement)
{
    TaskSnapshot_t self;
    vTaskGetSnapshot(xTaskGetCurrentTaskHandle(), &self);
    return is_inside(&self, placement);
}

bool hr_tasks_is_caller_inside_any(void)
{
    TaskSnapshot_t self;
    hr_text_t texts[MODULES_MAX];
    size_t count = hr_module_texts(texts, MODULES_MAX);
    bool inside = count > MODULES_MAX;
    vTaskGetSnapshot(xTaskGetCurrentTaskHandle(), &self);
    for (size_t i = 0; !inside && i < count; i++) {
        inside = caller_inside(&self, texts[i]);
    }
    return inside;
}
