/* SPDX-License-Identifier: MIT */
/* Asks which tasks are inside a module. Each argument is a step, numbers are hexadecimal:

       segment=KIND,RUN,SIZE     one more of the module: text or data
       task=TCB,TOP,END          one more that the kernel lists, the first one runs
       inside=FRAME,START,SIZE   the stack from that frame on leads into that text
       spare=COUNT               the kernel lists so many entries twice
       busy                      the other core cannot be held
       no_memory
       texts=COUNT               modules that are in memory: number I is at 1000 * I
       look, caller, any         ask

   What the component asks of the kernel and of stacks is printed, and the answers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/hr_stack.h"
#include "esp_debug_helpers.h"
#include "esp_private/freertos_debug.h"
#include "freertos/task.h"
#include "module/hr_module.h"
#include "module/hr_tasks.h"
#include "port/hr_cores.h"

#define TASKS_MAX 8
#define INSIDE_MAX 4
#define PC 0x11
#define SP 0x2220
#define NEXT_PC 0x33

static hr_placement_t placement;
static TaskSnapshot_t tasks[TASKS_MAX];
static UBaseType_t task_count;
static UBaseType_t spare;
static bool is_busy;
static bool is_held;
static bool has_no_memory;
static size_t texts;

static struct {
    uint32_t frame;
    hr_text_t text;
} inside[INSIDE_MAX];
static size_t inside_count;

const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

static void *pointer(unsigned value)
{
    return (void *)(uintptr_t)value;
}

void *__real_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return has_no_memory ? NULL : __real_calloc(count, size);
}

bool hr_cores_hold(void)
{
    printf("hold\n");
    is_held = !is_busy;
    return is_held;
}

void hr_cores_release(void)
{
    printf("release\n");
    is_held = false;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return tasks[0].pxTCB;
}

UBaseType_t uxTaskGetNumberOfTasks(void)
{
    return task_count;
}

UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *list, UBaseType_t room, UBaseType_t *tcb_size)
{
    UBaseType_t count = 0;
    if (!is_held) {
        printf("listed while tasks run\n");
    }
    for (UBaseType_t i = 0; i < task_count + spare && count < room; i++) {
        list[count++] = tasks[i < task_count ? i : task_count - 1];
    }
    *tcb_size = 1;
    return count;
}

BaseType_t vTaskGetSnapshot(TaskHandle_t task, TaskSnapshot_t *snapshot)
{
    *snapshot = tasks[0];
    return task == tasks[0].pxTCB ? pdTRUE : 0;
}

void esp_backtrace_get_start(uint32_t *pc, uint32_t *sp, uint32_t *next_pc)
{
    *pc = PC;
    *sp = SP;
    *next_pc = NEXT_PC;
}

static bool leads_into(const char *what, const hr_stack_t *stack, uint32_t frame, hr_text_t text)
{
    bool is_right = stack->low == frame - HR_STACK_SAVE_AREA
                    && stack->memory == pointer(stack->low);
    printf("%s %" PRIx32 " to %" PRIx32 "%s\n", what, frame, stack->high,
           is_right ? "" : ": not from its save area on");
    for (size_t i = 0; i < inside_count; i++) {
        if (inside[i].frame == frame && inside[i].text.start == text.start
            && inside[i].text.size == text.size) {
            return true;
        }
    }
    return false;
}

bool hr_stack_saved_inside(const hr_stack_t *stack, uint32_t frame, hr_text_t text)
{
    return leads_into("saved", stack, frame, text);
}

bool hr_stack_callers_inside(const hr_stack_t *stack, uint32_t return_address, uint32_t sp,
                             hr_text_t text)
{
    return return_address == NEXT_PC && leads_into("running", stack, sp, text);
}

size_t hr_module_texts(hr_text_t *list, size_t max)
{
    for (size_t i = 0; i < texts && i < max; i++) {
        list[i] = (hr_text_t) {(uint32_t)(0x1000 * (i + 1)), 0x100};
    }
    return texts;
}

static void look(void)
{
    hr_tasks_t seen = hr_tasks_look(&placement);
    printf("look: inside=%d others=%d objects=%d held=%d\n", seen.inside, seen.others, seen.objects,
           is_held);
}

static void run_step(const char *step)
{
    unsigned a, b, c;
    char kind[8];
    if (sscanf(step, "segment=%7[a-z],%x,%x", kind, &a, &b) == 3) {
        placement.segments[placement.count++] = (hr_placed_t) {
            .kind = strcmp(kind, "text") == 0 ? HR_SEGMENT_TEXT : HR_SEGMENT_DATA,
            .run = a,
            .size = b,
        };
    } else if (sscanf(step, "task=%x,%x,%x", &a, &b, &c) == 3) {
        tasks[task_count++] = (TaskSnapshot_t) {pointer(a), pointer(b), pointer(c)};
    } else if (sscanf(step, "inside=%x,%x,%x", &a, &b, &c) == 3) {
        inside[inside_count].frame = a;
        inside[inside_count++].text = (hr_text_t) {b, c};
    } else if (sscanf(step, "spare=%x", &a) == 1) {
        spare = a;
    } else if (sscanf(step, "texts=%x", &a) == 1) {
        texts = a;
    } else if (strcmp(step, "busy") == 0) {
        is_busy = true;
    } else if (strcmp(step, "no_memory") == 0) {
        has_no_memory = true;
    } else if (strcmp(step, "look") == 0) {
        look();
    } else if (strcmp(step, "caller") == 0) {
        printf("caller: %d\n", hr_tasks_is_caller_inside(&placement));
    } else {
        printf("any: %d\n", hr_tasks_is_caller_inside_any());
    }
}

int main(int count, char **steps)
{
    for (int i = 1; i < count; i++) {
        run_step(steps[i]);
    }
    return 0;
}
