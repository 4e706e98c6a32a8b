/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tskTaskControlBlock;
typedef struct tskTaskControlBlock *TaskHandle_t;

typedef enum {
    eRunning,
    eReady,
    eBlocked,
    eSuspended,
    eDeleted,
    eInvalid,
} eTaskState;

typedef enum {
    eNoAction,
    eSetBits,
    eIncrement,
    eSetValueWithOverwrite,
    eSetValueWithoutOverwrite,
} eNotifyAction;

typedef struct {
    TaskHandle_t xHandle;
    const char *pcTaskName;
    UBaseType_t xTaskNumber;
    eTaskState eCurrentState;
    UBaseType_t uxCurrentPriority;
    UBaseType_t uxBasePriority;
    uint32_t ulRunTimeCounter;
    StackType_t *pxStackBase;
    configSTACK_DEPTH_TYPE usStackHighWaterMark;
} TaskStatus_t;

typedef struct {
    BaseType_t xOverflowCount;
    TickType_t xTimeOnEntering;
} TimeOut_t;

typedef BaseType_t (*TaskHookFunction_t)(void *);
typedef void (*TlsDeleteCallbackFunction_t)(int index, void *value);

#define tskIDLE_PRIORITY ((UBaseType_t)0)
#define tskNO_AFFINITY ((BaseType_t)0x7FFFFFFF)

#define taskSCHEDULER_SUSPENDED ((BaseType_t)0)
#define taskSCHEDULER_NOT_STARTED ((BaseType_t)1)
#define taskSCHEDULER_RUNNING ((BaseType_t)2)

#define taskYIELD() vPortYield()
#define taskENTER_CRITICAL(mux) portENTER_CRITICAL(mux)
#define taskEXIT_CRITICAL(mux) portEXIT_CRITICAL(mux)
#define taskENTER_CRITICAL_ISR(mux) portENTER_CRITICAL_ISR(mux)
#define taskEXIT_CRITICAL_ISR(mux) portEXIT_CRITICAL_ISR(mux)
#define taskENTER_CRITICAL_FROM_ISR() portSET_INTERRUPT_MASK_FROM_ISR()
#define taskEXIT_CRITICAL_FROM_ISR(previous) portCLEAR_INTERRUPT_MASK_FROM_ISR(previous)
#define taskDISABLE_INTERRUPTS() portDISABLE_INTERRUPTS()
#define taskENABLE_INTERRUPTS() portENABLE_INTERRUPTS()

/* tasks */
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t function, const char *name, uint32_t stack_bytes,
                                   void *arg, UBaseType_t priority, TaskHandle_t *created,
                                   BaseType_t core);
TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t function, const char *name,
                                           uint32_t stack_bytes, void *arg, UBaseType_t priority,
                                           StackType_t *stack, StaticTask_t *tcb, BaseType_t core);

static inline BaseType_t xTaskCreate(TaskFunction_t function, const char *name,
                                     uint32_t stack_bytes, void *arg, UBaseType_t priority,
                                     TaskHandle_t *created)
{
    return xTaskCreatePinnedToCore(function, name, stack_bytes, arg, priority, created,
                                   tskNO_AFFINITY);
}

static inline TaskHandle_t xTaskCreateStatic(TaskFunction_t function, const char *name,
                                             uint32_t stack_bytes, void *arg, UBaseType_t priority,
                                             StackType_t *stack, StaticTask_t *tcb)
{
    return xTaskCreateStaticPinnedToCore(function, name, stack_bytes, arg, priority, stack, tcb,
                                         tskNO_AFFINITY);
}

void vTaskDelete(TaskHandle_t task);
void vTaskDelay(TickType_t ticks);
BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment);
#define vTaskDelayUntil(previous_wake, increment) ((void)xTaskDelayUntil(previous_wake, increment))
BaseType_t xTaskAbortDelay(TaskHandle_t task);

UBaseType_t uxTaskPriorityGet(const TaskHandle_t task);
UBaseType_t uxTaskPriorityGetFromISR(const TaskHandle_t task);
void vTaskPrioritySet(TaskHandle_t task, UBaseType_t priority);
eTaskState eTaskGetState(TaskHandle_t task);
#if configUSE_TRACE_FACILITY
void vTaskGetInfo(TaskHandle_t task, TaskStatus_t *status, BaseType_t with_free_stack,
                  eTaskState state);
#endif
void vTaskSuspend(TaskHandle_t task);
void vTaskResume(TaskHandle_t task);
BaseType_t xTaskResumeFromISR(TaskHandle_t task);

/* scheduler */
void vTaskStartScheduler(void) __attribute__((noreturn));
void vTaskSuspendAll(void);
BaseType_t xTaskResumeAll(void);
BaseType_t xTaskGetSchedulerState(void);
TickType_t xTaskGetTickCount(void);
TickType_t xTaskGetTickCountFromISR(void);
/* makes the tick count jump, as if that much time had passed */
BaseType_t xTaskCatchUpTicks(TickType_t ticks);

/* what is known of tasks */
UBaseType_t uxTaskGetNumberOfTasks(void);
char *pcTaskGetName(TaskHandle_t task);
#define pcTaskGetTaskName(task) pcTaskGetName(task)
TaskHandle_t xTaskGetHandle(const char *name);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
TaskHandle_t xTaskGetIdleTaskHandle(void);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);
configSTACK_DEPTH_TYPE uxTaskGetStackHighWaterMark2(TaskHandle_t task);
StackType_t *pxTaskGetStackStart(TaskHandle_t task);
#if configUSE_TRACE_FACILITY
UBaseType_t uxTaskGetSystemState(TaskStatus_t *states, UBaseType_t size, uint32_t *run_time);
#endif
#if configUSE_STATS_FORMATTING_FUNCTIONS
void vTaskList(char *buffer);
#endif
BaseType_t xTaskGetAffinity(TaskHandle_t task);

/* thread local storage */
void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value);
void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index);
void vTaskSetThreadLocalStoragePointerAndDelCallback(TaskHandle_t task, BaseType_t index,
                                                     void *value,
                                                     TlsDeleteCallbackFunction_t callback);

/* timeouts in steps */
void vTaskSetTimeOutState(TimeOut_t *timeout);
BaseType_t xTaskCheckForTimeOut(TimeOut_t *timeout, TickType_t *ticks_to_wait);

/* notifications */
#define tskDEFAULT_INDEX_TO_NOTIFY 0

BaseType_t xTaskGenericNotify(TaskHandle_t task, UBaseType_t index, uint32_t value,
                              eNotifyAction action, uint32_t *previous);
BaseType_t xTaskGenericNotifyFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value,
                                     eNotifyAction action, uint32_t *previous, BaseType_t *woken);
BaseType_t xTaskGenericNotifyWait(UBaseType_t index, uint32_t clear_on_entry,
                                  uint32_t clear_on_exit, uint32_t *value, TickType_t ticks);
uint32_t ulTaskGenericNotifyTake(UBaseType_t index, BaseType_t clear_on_exit, TickType_t ticks);
BaseType_t xTaskGenericNotifyStateClear(TaskHandle_t task, UBaseType_t index);
uint32_t ulTaskGenericNotifyValueClear(TaskHandle_t task, UBaseType_t index, uint32_t bits);
void vTaskGenericNotifyGiveFromISR(TaskHandle_t task, UBaseType_t index, BaseType_t *woken);

#define xTaskNotifyIndexed(task, index, value, action) \
    xTaskGenericNotify((task), (index), (value), (action), NULL)
#define xTaskNotify(task, value, action) xTaskNotifyIndexed(task, 0, value, action)
#define xTaskNotifyAndQueryIndexed(task, index, value, action, previous) \
    xTaskGenericNotify((task), (index), (value), (action), (previous))
#define xTaskNotifyAndQuery(task, value, action, previous) \
    xTaskNotifyAndQueryIndexed(task, 0, value, action, previous)
#define xTaskNotifyIndexedFromISR(task, index, value, action, woken) \
    xTaskGenericNotifyFromISR((task), (index), (value), (action), NULL, (woken))
#define xTaskNotifyFromISR(task, value, action, woken) \
    xTaskNotifyIndexedFromISR(task, 0, value, action, woken)
#define xTaskNotifyAndQueryIndexedFromISR(task, index, value, action, previous, woken) \
    xTaskGenericNotifyFromISR((task), (index), (value), (action), (previous), (woken))
#define xTaskNotifyAndQueryFromISR(task, value, action, previous, woken) \
    xTaskNotifyAndQueryIndexedFromISR(task, 0, value, action, previous, woken)
#define xTaskNotifyWaitIndexed(index, on_entry, on_exit, value, ticks) \
    xTaskGenericNotifyWait((index), (on_entry), (on_exit), (value), (ticks))
#define xTaskNotifyWait(on_entry, on_exit, value, ticks) \
    xTaskNotifyWaitIndexed(0, on_entry, on_exit, value, ticks)
#define xTaskNotifyGiveIndexed(task, index) \
    xTaskGenericNotify((task), (index), 0, eIncrement, NULL)
#define xTaskNotifyGive(task) xTaskNotifyGiveIndexed(task, 0)
#define vTaskNotifyGiveIndexedFromISR(task, index, woken) \
    vTaskGenericNotifyGiveFromISR((task), (index), (woken))
#define vTaskNotifyGiveFromISR(task, woken) vTaskNotifyGiveIndexedFromISR(task, 0, woken)
#define ulTaskNotifyTakeIndexed(index, clear, ticks) \
    ulTaskGenericNotifyTake((index), (clear), (ticks))
#define ulTaskNotifyTake(clear, ticks) ulTaskNotifyTakeIndexed(0, clear, ticks)
#define xTaskNotifyStateClearIndexed(task, index) xTaskGenericNotifyStateClear((task), (index))
#define xTaskNotifyStateClear(task) xTaskNotifyStateClearIndexed(task, 0)
#define ulTaskNotifyValueClearIndexed(task, index, bits) \
    ulTaskGenericNotifyValueClear((task), (index), (bits))
#define ulTaskNotifyValueClear(task, bits) ulTaskNotifyValueClearIndexed(task, 0, bits)

#include "freertos/idf_additions.h"

#ifdef __cplusplus
}
#endif
