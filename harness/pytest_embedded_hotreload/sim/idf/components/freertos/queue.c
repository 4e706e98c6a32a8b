/* SPDX-License-Identifier: MIT */
/*
 * Queues, and what is a queue of nothing: semaphores (a count of items without
 * content) and mutexes (one item, which the holder has taken out).
 */
#include "kernel.h"

#include <string.h>

#include "freertos/semphr.h"

typedef struct QueueDefinition {
    uint8_t *storage;
    UBaseType_t length;
    UBaseType_t item_size;
    UBaseType_t count;
    UBaseType_t first; /* index of the oldest item */
    kernel_list_t senders;
    kernel_list_t receivers;
    bool is_mutex;
    bool static_object;
    kernel_task_t *holder;
    UBaseType_t recursion;
    kernel_node_t held_node; /* in the holder's held_mutexes */
} kernel_queue_t;

_Static_assert(sizeof(StaticQueue_t) >= sizeof(kernel_queue_t), "StaticQueue_t is too small");

static void init_queue(kernel_queue_t *queue, UBaseType_t length, UBaseType_t item_size,
                       uint8_t *storage)
{
    configASSERT(length > 0);
    memset(queue, 0, sizeof(*queue));
    queue->storage = storage;
    queue->length = length;
    queue->item_size = item_size;
    queue->held_node.owner = queue;
    kernel_list_init(&queue->senders);
    kernel_list_init(&queue->receivers);
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_size)
{
    size_t bytes;
    if (__builtin_mul_overflow(length, item_size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(kernel_queue_t), &bytes)) {
        return NULL;
    }
    kernel_queue_t *queue = pvPortMalloc(bytes);
    if (queue) {
        init_queue(queue, length, item_size, (uint8_t *)(queue + 1));
    }
    return queue;
}

QueueHandle_t xQueueCreateStatic(UBaseType_t length, UBaseType_t item_size, uint8_t *storage,
                                 StaticQueue_t *object)
{
    configASSERT(object && (storage || item_size == 0));
    kernel_queue_t *queue = (kernel_queue_t *)object;
    init_queue(queue, length, item_size, storage);
    queue->static_object = true;
    return queue;
}

void vQueueDelete(QueueHandle_t queue)
{
    configASSERT(queue);
    kernel_enter();
    /* somebody who waits would wait at freed memory */
    configASSERT(kernel_list_is_empty(&queue->senders) && kernel_list_is_empty(&queue->receivers));
    if (queue->holder) {
        kernel_list_remove(&queue->held_node);
    }
    kernel_leave();
    if (!queue->static_object) {
        vPortFree(queue);
    }
}

BaseType_t xQueueReset(QueueHandle_t queue)
{
    configASSERT(queue);
    kernel_enter();
    queue->count = 0;
    queue->first = 0;
    kernel_wake_first(&queue->senders);
    kernel_leave();
    return pdPASS;
}

static uint8_t *slot(const kernel_queue_t *queue, UBaseType_t offset)
{
    return queue->storage + ((queue->first + offset) % queue->length) * queue->item_size;
}

static void put(kernel_queue_t *queue, const void *item, BaseType_t position)
{
    uint8_t *to;
    if (position == queueOVERWRITE && queue->count == queue->length) {
        queue->count--;
    }
    if (position == queueSEND_TO_FRONT) {
        queue->first = (queue->first + queue->length - 1) % queue->length;
        to = slot(queue, 0);
    } else {
        to = slot(queue, queue->count);
    }
    if (item != NULL) { /* a semaphore has none */
        memcpy(to, item, queue->item_size);
    }
    queue->count++;
    kernel_wake_first(&queue->receivers);
}

static void copy_first(const kernel_queue_t *queue, void *item)
{
    if (queue->item_size > 0) {
        memcpy(item, slot(queue, 0), queue->item_size);
    }
}

static void drop_first(kernel_queue_t *queue)
{
    queue->first = (queue->first + 1) % queue->length;
    queue->count--;
    kernel_wake_first(&queue->senders);
}

/* critical section held: true when the queue has an item within the time */
static bool wait_for_item(kernel_queue_t *queue, TickType_t ticks)
{
    uint64_t deadline = kernel_deadline(ticks);
    bool in_time = ticks > 0;
    while (queue->count == 0 && in_time) {
        in_time = kernel_block(&queue->receivers, deadline);
    }
    return queue->count > 0;
}

BaseType_t xQueueGenericSend(QueueHandle_t queue, const void *item, TickType_t ticks,
                             BaseType_t position)
{
    configASSERT(queue && !queue->is_mutex);
    configASSERT(item || queue->item_size == 0);
    kernel_enter();
    uint64_t deadline = kernel_deadline(ticks);
    bool in_time = ticks > 0;
    while (queue->count == queue->length && position != queueOVERWRITE && in_time) {
        in_time = kernel_block(&queue->senders, deadline);
    }
    bool room = queue->count < queue->length || position == queueOVERWRITE;
    if (room) {
        put(queue, item, position);
    }
    kernel_leave();
    return room ? pdTRUE : errQUEUE_FULL;
}

static void note_woken(const kernel_list_t *waiters, BaseType_t *woken)
{
    const kernel_task_t *task = kernel_list_first(waiters);
    if (woken && task && task->priority > kernel_current->priority) {
        *woken = pdTRUE;
    }
}

BaseType_t xQueueGenericSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken,
                                    BaseType_t position)
{
    configASSERT(queue && !queue->is_mutex);
    kernel_enter();
    bool room = queue->count < queue->length || position == queueOVERWRITE;
    if (room) {
        note_woken(&queue->receivers, woken);
        put(queue, item, position);
    }
    kernel_leave();
    return room ? pdTRUE : errQUEUE_FULL;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks)
{
    configASSERT(queue && !queue->is_mutex);
    kernel_enter();
    bool available = wait_for_item(queue, ticks);
    if (available) {
        copy_first(queue, item);
        drop_first(queue);
    }
    kernel_leave();
    return available;
}

BaseType_t xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *woken)
{
    configASSERT(queue && !queue->is_mutex);
    kernel_enter();
    bool available = queue->count > 0;
    if (available) {
        note_woken(&queue->senders, woken);
        copy_first(queue, item);
        drop_first(queue);
    }
    kernel_leave();
    return available;
}

BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks)
{
    configASSERT(queue && !queue->is_mutex);
    kernel_enter();
    bool available = wait_for_item(queue, ticks);
    if (available) {
        copy_first(queue, item);
        kernel_wake_first(&queue->receivers); /* the item is still there for the next */
    }
    kernel_leave();
    return available;
}

BaseType_t xQueuePeekFromISR(QueueHandle_t queue, void *item)
{
    configASSERT(queue);
    kernel_enter();
    bool available = queue->count > 0;
    if (available) {
        copy_first(queue, item);
    }
    kernel_leave();
    return available;
}

UBaseType_t uxQueueMessagesWaiting(const QueueHandle_t queue)
{
    return queue->count;
}

UBaseType_t uxQueueMessagesWaitingFromISR(const QueueHandle_t queue)
{
    return queue->count;
}

UBaseType_t uxQueueSpacesAvailable(const QueueHandle_t queue)
{
    kernel_enter();
    UBaseType_t spaces = queue->length - queue->count;
    kernel_leave();
    return spaces;
}

BaseType_t xQueueIsQueueEmptyFromISR(const QueueHandle_t queue)
{
    return queue->count == 0;
}

BaseType_t xQueueIsQueueFullFromISR(const QueueHandle_t queue)
{
    return queue->count == queue->length;
}

/* semaphores */

SemaphoreHandle_t xSemaphoreCreateCounting(UBaseType_t max, UBaseType_t initial)
{
    configASSERT(initial <= max);
    kernel_queue_t *queue = xQueueCreate(max, 0);
    if (queue) {
        queue->count = initial;
    }
    return queue;
}

SemaphoreHandle_t xSemaphoreCreateCountingStatic(UBaseType_t max, UBaseType_t initial,
                                                 StaticSemaphore_t *semaphore)
{
    configASSERT(initial <= max);
    kernel_queue_t *queue = xQueueCreateStatic(max, 0, NULL, semaphore);
    queue->count = initial;
    return queue;
}

static SemaphoreHandle_t make_mutex(kernel_queue_t *queue)
{
    if (queue) {
        queue->is_mutex = true;
        queue->count = 1;
    }
    return queue;
}

SemaphoreHandle_t xSemaphoreCreateMutex(void)
{
    return make_mutex(xQueueCreate(1, 0));
}

SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *mutex)
{
    return make_mutex(xQueueCreateStatic(1, 0, NULL, mutex));
}

SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void)
{
    return xSemaphoreCreateMutex();
}

SemaphoreHandle_t xSemaphoreCreateRecursiveMutexStatic(StaticSemaphore_t *mutex)
{
    return xSemaphoreCreateMutexStatic(mutex);
}

void kernel_update_inheritance(kernel_task_t *task)
{
    /* along the chain of holders that wait for holders; it ends, or it was a deadlock */
    for (int depth = 0; task && depth < configMAX_PRIORITIES; depth++) {
        uint8_t priority = task->base_priority;
        KERNEL_LIST_FOREACH(node, &task->held_mutexes) {
            const kernel_queue_t *mutex = node->owner;
            const kernel_task_t *waiter = kernel_list_first(&mutex->receivers);
            if (waiter && waiter->priority > priority) {
                priority = waiter->priority;
            }
        }
        kernel_set_priority(task, priority);
        task = task->waits_for_mutex ? task->waits_for_mutex->holder : NULL;
    }
}

void kernel_forget_mutexes(kernel_task_t *task)
{
    kernel_queue_t *mutex;
    while ((mutex = kernel_list_first(&task->held_mutexes))) {
        kernel_list_remove(&mutex->held_node);
        mutex->holder = NULL;
    }
    kernel_queue_t *waits_for = task->waits_for_mutex;
    if (waits_for) {
        kernel_list_remove(&task->event_node);
        if (waits_for->holder) {
            kernel_update_inheritance(waits_for->holder);
        }
    }
}

static bool take_mutex(kernel_queue_t *mutex, TickType_t ticks)
{
    kernel_task_t *task = kernel_current;
    uint64_t deadline = kernel_deadline(ticks);
    bool in_time = ticks > 0;

    while (mutex->count == 0 && in_time) {
        kernel_task_t *holder = mutex->holder;
        task->waits_for_mutex = mutex;
        if (holder && holder->priority < task->priority) {
            kernel_set_priority(holder, task->priority);
            if (holder->waits_for_mutex) {
                kernel_update_inheritance(holder->waits_for_mutex->holder);
            }
        }
        in_time = kernel_block(&mutex->receivers, deadline);
        task->waits_for_mutex = NULL;
        if (mutex->holder) {
            kernel_update_inheritance(mutex->holder); /* it may have lost an urgent waiter */
        }
    }
    if (mutex->count == 0) {
        return false;
    }
    mutex->count = 0;
    mutex->holder = task;
    if (task) {
        kernel_list_append(&task->held_mutexes, &mutex->held_node);
        kernel_update_inheritance(task); /* others may still wait for it */
    }
    return true;
}

static void give_mutex(kernel_queue_t *mutex)
{
    kernel_task_t *holder = mutex->holder;
    kernel_list_remove(&mutex->held_node);
    mutex->holder = NULL;
    mutex->count = 1;
    kernel_wake_first(&mutex->receivers);
    if (holder) {
        kernel_update_inheritance(holder);
    }
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    configASSERT(semaphore && semaphore->item_size == 0);
    bool taken;
    kernel_enter();
    if (semaphore->is_mutex) {
        taken = take_mutex(semaphore, ticks);
    } else {
        taken = wait_for_item(semaphore, ticks);
        if (taken) {
            drop_first(semaphore);
        }
    }
    kernel_leave();
    return taken;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    configASSERT(semaphore && semaphore->item_size == 0);
    kernel_enter();
    bool room = semaphore->count < semaphore->length;
    if (room && semaphore->is_mutex) {
        /* only the holder may give a mutex; one that a deleted task held is anybody's */
        configASSERT(!semaphore->holder || semaphore->holder == kernel_current);
        give_mutex(semaphore);
    } else if (room) {
        put(semaphore, NULL, queueSEND_TO_BACK);
    }
    kernel_leave();
    return room;
}

BaseType_t xSemaphoreTakeFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken)
{
    return xQueueReceiveFromISR(semaphore, NULL, woken);
}

BaseType_t xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken)
{
    return xQueueGenericSendFromISR(semaphore, NULL, woken, queueSEND_TO_BACK);
}

BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t mutex, TickType_t ticks)
{
    configASSERT(mutex && mutex->is_mutex);
    kernel_enter();
    bool taken = mutex->count == 0 && mutex->holder == kernel_current;
    if (!taken) {
        taken = take_mutex(mutex, ticks);
    }
    if (taken) {
        mutex->recursion++;
    }
    kernel_leave();
    return taken;
}

BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t mutex)
{
    configASSERT(mutex && mutex->is_mutex);
    kernel_enter();
    bool held = mutex->count == 0 && mutex->holder == kernel_current;
    if (held && --mutex->recursion == 0) {
        give_mutex(mutex);
    }
    kernel_leave();
    return held;
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t mutex)
{
    return mutex->holder;
}

TaskHandle_t xSemaphoreGetMutexHolderFromISR(SemaphoreHandle_t mutex)
{
    return mutex->holder;
}
