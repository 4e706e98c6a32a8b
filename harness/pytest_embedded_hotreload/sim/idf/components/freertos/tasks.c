/* SPDX-License-Identifier: MIT */
/* the life of a task, and what can be asked about it */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

#include "esp_memory_utils.h"
#include "esp_newlib.h"
#include "esp_private/freertos_hooks.h"
#include "esp_private/panic_internal.h"
#include "sdkconfig.h"

static kernel_task_t *s_idle;

static kernel_task_t *task_or_current(TaskHandle_t task)
{
    return task ? task : kernel_current;
}

static XtExcFrame *initial_frame(uint8_t *stack_end, TaskFunction_t function, void *arg)
{
    /* room for the save areas of the first frame, which nobody called */
    uintptr_t top = ((uintptr_t)stack_end & ~(uintptr_t)15) - 2 * XT_BASE_SAVE_SIZE;
    XtExcFrame *frame = (XtExcFrame *)(top - XT_STK_FRMSZ);
    memset(frame, 0, XT_STK_FRMSZ);
    frame->exit = (long)_xt_user_exit;
    frame->pc = (long)xt_task_start;
    frame->ps = XT_PS_WOE | XT_PS_UM | XT_PS_EXCM; /* RFE clears EXCM */
    frame->a1 = (long)top;
    frame->a2 = (long)function;
    frame->a3 = (long)arg;
    return frame;
}

static void init_task(kernel_task_t *task, TaskFunction_t function, const char *name,
                      uint8_t *stack, uint32_t stack_bytes, void *arg, UBaseType_t priority)
{
    configASSERT(priority < configMAX_PRIORITIES);
    memset(stack, STACK_FILL, stack_bytes);
    task->stack = stack;
    task->stack_end = stack + stack_bytes;
    task->frame = initial_frame(task->stack_end, function, arg);
    task->priority = task->base_priority = (uint8_t)priority;
    task->state_node.owner = task;
    task->event_node.owner = task;
    task->all_node.owner = task;
    strlcpy(task->name, name ? name : "", sizeof(task->name));
    kernel_list_init(&task->held_mutexes);
    esp_reent_init(&task->reent);
}

static bool is_valid_stack(const void *stack)
{
#if CONFIG_SPIRAM_ALLOW_STACK_EXTERNAL_MEMORY
    return esp_ptr_byte_accessible(stack);
#else
    return esp_ptr_internal(stack) && esp_ptr_byte_accessible(stack);
#endif
}

TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t function, const char *name,
                                           uint32_t stack_bytes, void *arg, UBaseType_t priority,
                                           StackType_t *stack, StaticTask_t *tcb, BaseType_t core)
{
    (void)core;
    configASSERT(function && stack && tcb);
    configASSERT(is_valid_stack(stack));
    configASSERT(esp_ptr_internal(tcb) && esp_ptr_byte_accessible(tcb));
    kernel_task_t *task = (kernel_task_t *)tcb;
    memset(task, 0, sizeof(*task));
    task->static_stack = true;
    task->static_tcb = true;
    init_task(task, function, name, stack, stack_bytes, arg, priority);
    kernel_enter();
    kernel_add_task(task);
    kernel_leave();
    return task;
}

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t function, const char *name, uint32_t stack_bytes,
                                   void *arg, UBaseType_t priority, TaskHandle_t *created,
                                   BaseType_t core)
{
    (void)core;
    configASSERT(function);
    /* the stack first: it overflows downwards, and the check for that needs the task block */
    uint8_t *stack = heap_caps_malloc(stack_bytes, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    kernel_task_t *task = heap_caps_calloc(1, sizeof(*task), MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    if (!task || !stack) {
        heap_caps_free(task);
        heap_caps_free(stack);
        return errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY;
    }
    init_task(task, function, name, stack, stack_bytes, arg, priority);
    if (created) {
        *created = task; /* before the task can run and look at it */
    }
    kernel_enter();
    kernel_add_task(task);
    kernel_leave();
    return pdPASS;
}

/* the task is in no list any more and does not run */
static void destroy(kernel_task_t *task)
{
    for (int i = 0; i < configNUM_THREAD_LOCAL_STORAGE_POINTERS; i++) {
        if (task->tls_callback[i]) {
            task->tls_callback[i](i, task->tls[i]);
        }
    }
    esp_reent_cleanup(&task->reent);
    if (!task->static_stack) {
        heap_caps_free(task->stack);
    }
    if (!task->static_tcb) {
        heap_caps_free(task);
    }
}

void vTaskDelete(TaskHandle_t handle)
{
    kernel_enter();
    kernel_task_t *task = task_or_current(handle);
    configASSERT(task != s_idle);
    kernel_forget_mutexes(task);
    kernel_list_remove(&task->all_node);
    if (task != kernel_current) {
        kernel_detach(task);
        kernel_leave();
        destroy(task);
        return;
    }
    kernel_park_current(kernel_terminated_tasks()); /* the idle task destroys it */
    kernel_leave(); /* does not come back */
}

void xt_task_returned(void)
{
    static char text[64 + configMAX_TASK_NAME_LEN];
    snprintf(text, sizeof(text), "FreeRTOS Task \"%s\" should not return, Aborting now!",
             kernel_current->name);
    panic_abort(text);
}

__attribute__((weak)) void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)task;
    static char text[64 + configMAX_TASK_NAME_LEN];
    strcpy(text, "***ERROR*** A stack overflow in task ");
    strlcat(text, name, sizeof(text));
    strlcat(text, " has been detected.", sizeof(text));
    panic_abort(text);
}

/* the idle task */

static kernel_task_t *take_terminated(void)
{
    kernel_enter();
    kernel_task_t *task = kernel_list_first(kernel_terminated_tasks());
    if (task) {
        kernel_list_remove(&task->state_node);
    }
    kernel_leave();
    return task;
}

static void idle(void *arg)
{
    (void)arg;
    for (;;) {
        kernel_task_t *task;
        while ((task = take_terminated())) {
            destroy(task);
        }
        bool may_wait = esp_vApplicationIdleHook();
        taskYIELD(); /* to others of priority 0 */
        if (may_wait) {
            kernel_idle_wait();
        }
    }
}

void kernel_create_idle_task(void)
{
    static StaticTask_t tcb;
    static StackType_t stack[configMINIMAL_STACK_SIZE] __attribute__((aligned(16)));
    s_idle = xTaskCreateStatic(idle, "IDLE", sizeof(stack), NULL, tskIDLE_PRIORITY, stack, &tcb);
}

TaskHandle_t xTaskGetIdleTaskHandle(void)
{
    return s_idle;
}

/* delays */

void vTaskDelay(TickType_t ticks)
{
    if (ticks == 0) {
        taskYIELD();
        return;
    }
    kernel_enter();
    kernel_block(NULL, kernel_deadline(ticks));
    kernel_leave();
}

BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment)
{
    kernel_enter();
    uint64_t now = kernel_ticks();
    TickType_t passed = (TickType_t)now - *previous_wake; /* right across a wrap */
    *previous_wake += increment;
    bool delayed = passed < increment;
    if (delayed) {
        kernel_block(NULL, now + (increment - passed));
    }
    kernel_leave();
    return delayed;
}

BaseType_t xTaskAbortDelay(TaskHandle_t handle)
{
    kernel_enter();
    bool waiting = eTaskGetState(handle) == eBlocked;
    if (waiting) {
        kernel_wake(handle, true);
    }
    kernel_leave();
    return waiting;
}

/* suspending */

void vTaskSuspend(TaskHandle_t handle)
{
    kernel_enter();
    kernel_task_t *task = task_or_current(handle);
    task->suspended = true;
    if (task == kernel_current) {
        kernel_park_current(kernel_suspended_tasks());
    } else {
        kernel_detach(task);
        task->timed_out = false; /* resumed, a wait goes on */
        kernel_list_append(kernel_suspended_tasks(), &task->state_node);
    }
    kernel_leave();
}

static bool resume(kernel_task_t *task)
{
    if (!task || !task->suspended) {
        return false;
    }
    task->suspended = false;
    kernel_make_ready(task);
    return task->priority > kernel_current->priority;
}

void vTaskResume(TaskHandle_t task)
{
    kernel_enter();
    resume(task);
    kernel_leave();
}

BaseType_t xTaskResumeFromISR(TaskHandle_t task)
{
    kernel_enter();
    bool woken = resume(task);
    kernel_leave();
    return woken;
}

/* priorities */

UBaseType_t uxTaskPriorityGet(const TaskHandle_t task)
{
    return task_or_current(task)->priority;
}

UBaseType_t uxTaskPriorityGetFromISR(const TaskHandle_t task)
{
    return uxTaskPriorityGet(task);
}

void vTaskPrioritySet(TaskHandle_t handle, UBaseType_t priority)
{
    configASSERT(priority < configMAX_PRIORITIES);
    kernel_enter();
    kernel_task_t *task = task_or_current(handle);
    task->base_priority = (uint8_t)priority;
    kernel_update_inheritance(task);
    kernel_leave();
}

/* information */

eTaskState eTaskGetState(TaskHandle_t task)
{
    configASSERT(task);
    kernel_enter();
    eTaskState state = eReady;
    if (task == kernel_current) {
        state = eRunning;
    } else if (task->suspended) {
        state = eSuspended;
    } else if (task->state_node.list == kernel_terminated_tasks() || !task->state_node.list) {
        state = eDeleted;
    } else if (kernel_is_sleeping(task)) {
        /* as in FreeRTOS, a sleep without end and without a reason is a suspension */
        bool waits = task->wake_tick != WAIT_FOREVER || task->event_node.list ||
                     task->waits_for_notification;
        state = waits ? eBlocked : eSuspended;
    }
    kernel_leave();
    return state;
}

char *pcTaskGetName(TaskHandle_t task)
{
    return task_or_current(task)->name;
}

TaskHandle_t xTaskGetHandle(const char *name)
{
    kernel_task_t *found = NULL;
    kernel_enter();
    KERNEL_LIST_FOREACH(node, kernel_all_tasks()) {
        kernel_task_t *task = node->owner;
        if (!found && strncmp(task->name, name, configMAX_TASK_NAME_LEN - 1) == 0) {
            found = task;
        }
    }
    kernel_leave();
    return found;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return kernel_current;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t handle)
{
    const kernel_task_t *task = task_or_current(handle);
    const uint8_t *byte = task->stack;
    while (byte < task->stack_end && *byte == STACK_FILL) {
        byte++;
    }
    return (UBaseType_t)(byte - task->stack);
}

configSTACK_DEPTH_TYPE uxTaskGetStackHighWaterMark2(TaskHandle_t task)
{
    return uxTaskGetStackHighWaterMark(task);
}

StackType_t *pxTaskGetStackStart(TaskHandle_t task)
{
    return task_or_current(task)->stack;
}

BaseType_t xTaskGetAffinity(TaskHandle_t task)
{
    (void)task;
    return 0;
}

UBaseType_t uxTaskGetNumberOfTasks(void)
{
    UBaseType_t count = 0;
    kernel_enter();
    KERNEL_LIST_FOREACH(node, kernel_all_tasks()) {
        count++;
    }
    /* as in FreeRTOS: until the idle task has cleaned up */
    KERNEL_LIST_FOREACH(node, kernel_terminated_tasks()) {
        count++;
    }
    kernel_leave();
    return count;
}

#if configUSE_TRACE_FACILITY

void vTaskGetInfo(TaskHandle_t handle, TaskStatus_t *status, BaseType_t with_free_stack,
                  eTaskState state)
{
    kernel_task_t *task = task_or_current(handle);
    *status = (TaskStatus_t){
        .xHandle = task,
        .pcTaskName = task->name,
        .xTaskNumber = task->number,
        .eCurrentState = state == eInvalid ? eTaskGetState(task) : state,
        .uxCurrentPriority = task->priority,
        .uxBasePriority = task->base_priority,
        .pxStackBase = task->stack,
        .usStackHighWaterMark = with_free_stack ? uxTaskGetStackHighWaterMark(task) : 0,
    };
}

UBaseType_t uxTaskGetSystemState(TaskStatus_t *states, UBaseType_t size, uint32_t *run_time)
{
    UBaseType_t count = 0;
    kernel_enter();
    if (run_time) {
        *run_time = 0;
    }
    if (size >= uxTaskGetNumberOfTasks()) {
        KERNEL_LIST_FOREACH(node, kernel_all_tasks()) {
            vTaskGetInfo(node->owner, &states[count++], pdTRUE, eInvalid);
        }
    }
    kernel_leave();
    return count;
}

#if configUSE_STATS_FORMATTING_FUNCTIONS

void vTaskList(char *buffer)
{
    static const char letters[] = {
        [eRunning] = 'X', [eReady] = 'R', [eBlocked] = 'B', [eSuspended] = 'S', [eDeleted] = 'D',
    };
    UBaseType_t size = uxTaskGetNumberOfTasks();
    TaskStatus_t *states = pvPortMalloc(size * sizeof(*states));
    buffer[0] = '\0';
    if (!states) {
        return;
    }
    size = uxTaskGetSystemState(states, size, NULL);
    for (UBaseType_t i = 0; i < size; i++) {
        buffer += sprintf(buffer, "%-*s\t%c\t%u\t%u\t%u\r\n", configMAX_TASK_NAME_LEN - 1,
                          states[i].pcTaskName, letters[states[i].eCurrentState],
                          states[i].uxCurrentPriority, (unsigned)states[i].usStackHighWaterMark,
                          states[i].xTaskNumber);
    }
    vPortFree(states);
}

#endif
#endif

/* thread local storage */

void vTaskSetThreadLocalStoragePointerAndDelCallback(TaskHandle_t handle, BaseType_t index,
                                                     void *value,
                                                     TlsDeleteCallbackFunction_t callback)
{
    if (index < 0 || index >= configNUM_THREAD_LOCAL_STORAGE_POINTERS) {
        return;
    }
    kernel_enter();
    kernel_task_t *task = task_or_current(handle);
    task->tls[index] = value;
    task->tls_callback[index] = callback;
    kernel_leave();
}

void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value)
{
    vTaskSetThreadLocalStoragePointerAndDelCallback(task, index, value, NULL);
}

void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index)
{
    if (index < 0 || index >= configNUM_THREAD_LOCAL_STORAGE_POINTERS) {
        return NULL;
    }
    return task_or_current(task)->tls[index];
}

/* timeouts in steps */

void vTaskSetTimeOutState(TimeOut_t *timeout)
{
    *timeout = (TimeOut_t){.xTimeOnEntering = xTaskGetTickCount()};
}

BaseType_t xTaskCheckForTimeOut(TimeOut_t *timeout, TickType_t *ticks_to_wait)
{
    if (*ticks_to_wait == portMAX_DELAY) {
        return pdFALSE;
    }
    TickType_t passed = xTaskGetTickCount() - timeout->xTimeOnEntering;
    if (passed >= *ticks_to_wait) {
        *ticks_to_wait = 0;
        return pdTRUE;
    }
    *ticks_to_wait -= passed;
    vTaskSetTimeOutState(timeout);
    return pdFALSE;
}

/* the per-task state of the C library */

struct _reent *__getreent(void)
{
    return kernel_current ? &kernel_current->reent : _GLOBAL_REENT;
}

void *pvPortMalloc(size_t size)
{
    return heap_caps_malloc(size, MALLOC_CAP_DEFAULT);
}

void vPortFree(void *ptr)
{
    heap_caps_free(ptr);
}

size_t xPortGetFreeHeapSize(void)
{
    return heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
}

size_t xPortGetMinimumEverFreeHeapSize(void)
{
    return heap_caps_get_minimum_free_size(MALLOC_CAP_DEFAULT);
}
