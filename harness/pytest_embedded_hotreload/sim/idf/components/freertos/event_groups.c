/* SPDX-License-Identifier: MIT */
#include "freertos/event_groups.h"

#include <string.h>

#include "kernel.h"

/* the upper bits of a waiter's event_bits say how it waits, and that it was served */
#define BITS_MASK 0x00ffffffu
#define WAIT_CLEARS 0x01000000u
#define WAIT_ALL 0x02000000u
#define WAIT_SERVED 0x04000000u

typedef struct EventGroupDef_t {
    EventBits_t bits;
    bool static_object;
    kernel_list_t waiters;
} kernel_group_t;

_Static_assert(sizeof(StaticEventGroup_t) >= sizeof(kernel_group_t),
               "StaticEventGroup_t is too small");

static void init_group(kernel_group_t *group)
{
    memset(group, 0, sizeof(*group));
    kernel_list_init(&group->waiters);
}

EventGroupHandle_t xEventGroupCreate(void)
{
    kernel_group_t *group = pvPortMalloc(sizeof(*group));
    if (group) {
        init_group(group);
    }
    return group;
}

EventGroupHandle_t xEventGroupCreateStatic(StaticEventGroup_t *object)
{
    configASSERT(object);
    kernel_group_t *group = (kernel_group_t *)object;
    init_group(group);
    group->static_object = true;
    return group;
}

void vEventGroupDelete(EventGroupHandle_t group)
{
    kernel_enter();
    kernel_task_t *task;
    while ((task = kernel_list_first(&group->waiters))) {
        task->event_bits = WAIT_SERVED; /* with no bits */
        kernel_wake(task, false);
    }
    kernel_leave();
    if (!group->static_object) {
        vPortFree(group);
    }
}

static bool satisfied(EventBits_t bits, uint32_t wish)
{
    EventBits_t wanted = wish & BITS_MASK;
    return wish & WAIT_ALL ? (bits & wanted) == wanted : (bits & wanted) != 0;
}

/* serves every waiter by the bits as set, then clears what those asked to clear */
static void set_bits(kernel_group_t *group, EventBits_t bits)
{
    EventBits_t to_clear = 0;
    group->bits |= bits & BITS_MASK;

    kernel_node_t *node = group->waiters.end.next;
    while (node != &group->waiters.end) {
        kernel_task_t *task = node->owner;
        node = node->next;
        if (satisfied(group->bits, task->event_bits)) {
            if (task->event_bits & WAIT_CLEARS) {
                to_clear |= task->event_bits & BITS_MASK;
            }
            task->event_bits = group->bits | WAIT_SERVED;
            kernel_wake(task, false);
        }
    }
    group->bits &= ~to_clear;
}

/* critical section held; the bits as they were when the wait ended */
static EventBits_t wait_bits(kernel_group_t *group, uint32_t wish, TickType_t ticks)
{
    kernel_task_t *task = kernel_current;
    uint64_t deadline = kernel_deadline(ticks);
    bool in_time = ticks > 0;

    while (!satisfied(group->bits, wish) && in_time) {
        task->event_bits = wish;
        in_time = kernel_block(&group->waiters, deadline);
        if (task->event_bits & WAIT_SERVED) {
            return task->event_bits & BITS_MASK; /* the group may be gone by now */
        }
    }
    EventBits_t bits = group->bits;
    if (satisfied(bits, wish) && (wish & WAIT_CLEARS)) {
        group->bits &= ~(wish & BITS_MASK);
    }
    return bits;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t wanted,
                                BaseType_t clear_on_exit, BaseType_t all, TickType_t ticks)
{
    configASSERT(group && wanted != 0 && (wanted & ~BITS_MASK) == 0);
    uint32_t wish = wanted | (clear_on_exit ? WAIT_CLEARS : 0) | (all ? WAIT_ALL : 0);
    kernel_enter();
    EventBits_t bits = wait_bits(group, wish, ticks);
    kernel_leave();
    return bits;
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits)
{
    configASSERT(group && (bits & ~BITS_MASK) == 0);
    kernel_enter();
    set_bits(group, bits);
    EventBits_t now = group->bits;
    kernel_leave();
    return now;
}

EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits)
{
    configASSERT(group && (bits & ~BITS_MASK) == 0);
    kernel_enter();
    EventBits_t before = group->bits;
    group->bits &= ~bits;
    kernel_leave();
    return before;
}

EventBits_t xEventGroupSync(EventGroupHandle_t group, EventBits_t set, EventBits_t wanted,
                            TickType_t ticks)
{
    configASSERT(group && wanted != 0 && (wanted & ~BITS_MASK) == 0);
    kernel_enter();
    EventBits_t together = group->bits | set;
    set_bits(group, set);
    /* the last to come finds that the others' wake-up has cleared the bits */
    if ((together & wanted) == wanted) {
        group->bits &= ~wanted;
    } else {
        together = wait_bits(group, wanted | WAIT_ALL | WAIT_CLEARS, ticks);
    }
    kernel_leave();
    return together;
}

BaseType_t xEventGroupSetBitsFromISR(EventGroupHandle_t group, EventBits_t bits, BaseType_t *woken)
{
    kernel_enter();
    set_bits(group, bits);
    if (woken && kernel_is_yield_pending()) {
        *woken = pdTRUE;
    }
    kernel_leave();
    return pdPASS;
}

BaseType_t xEventGroupClearBitsFromISR(EventGroupHandle_t group, EventBits_t bits)
{
    xEventGroupClearBits(group, bits);
    return pdPASS;
}

EventBits_t xEventGroupGetBitsFromISR(EventGroupHandle_t group)
{
    return group->bits;
}
