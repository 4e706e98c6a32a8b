/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_attr.h"
#include "freertos/FreeRTOSConfig.h"
#include "xtensa/xtensa_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t StackType_t; /* stack depths are in bytes, as in ESP-IDF */
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;

#define portCHAR int8_t
#define portBASE_TYPE int
#define portSTACK_TYPE uint8_t
#define portMAX_DELAY ((TickType_t)0xffffffff)
#define portTICK_PERIOD_MS ((TickType_t)(1000 / configTICK_RATE_HZ))
#define portTICK_RATE_MS portTICK_PERIOD_MS
#define portBYTE_ALIGNMENT 16
#define portSTACK_GROWTH (-1)
#define portNUM_PROCESSORS 1
#define portPRIVILEGE_BIT 0
#define portTASK_FUNCTION(function, arg) void function(void *arg)
#define portTASK_FUNCTION_PROTO(function, arg) void function(void *arg)
#define portNOP() __asm__ volatile("nop")

/* one core: a lock is nothing but masked interrupts, and the count is the kernel's */
typedef struct {
    uint32_t owner;
    uint32_t count;
} portMUX_TYPE;

#define portMUX_FREE_VAL 0xB33FFFFF
#define portMUX_INITIALIZER_UNLOCKED {.owner = portMUX_FREE_VAL, .count = 0}
#define portMUX_INITIALIZE(mux) spinlock_initialize(mux)

static inline void spinlock_initialize(portMUX_TYPE *mux)
{
    mux->owner = portMUX_FREE_VAL;
    mux->count = 0;
}

/* nest, in tasks and interrupt handlers alike; a yield asked for inside happens on leaving */
void vPortEnterCritical(void);
void vPortExitCritical(void);

static inline void vPortEnterCriticalMux(portMUX_TYPE *mux)
{
    (void)mux;
    vPortEnterCritical();
}

static inline void vPortExitCriticalMux(portMUX_TYPE *mux)
{
    (void)mux;
    vPortExitCritical();
}

#define portENTER_CRITICAL(mux) vPortEnterCriticalMux(mux)
#define portEXIT_CRITICAL(mux) vPortExitCriticalMux(mux)
#define portENTER_CRITICAL_ISR(mux) vPortEnterCriticalMux(mux)
#define portEXIT_CRITICAL_ISR(mux) vPortExitCriticalMux(mux)
#define portENTER_CRITICAL_SAFE(mux) vPortEnterCriticalMux(mux)
#define portEXIT_CRITICAL_SAFE(mux) vPortExitCriticalMux(mux)

static inline BaseType_t xPortEnterCriticalTimeout(portMUX_TYPE *mux, BaseType_t timeout)
{
    (void)timeout;
    vPortEnterCriticalMux(mux);
    return 1;
}

#define portTRY_ENTER_CRITICAL(mux, timeout) xPortEnterCriticalTimeout(mux, timeout)

/* masks interrupts without nesting; the result goes to portCLEAR_INTERRUPT_MASK_FROM_ISR() */
static inline UBaseType_t xPortSetInterruptMaskFromISR(void)
{
    return xt_int_disable();
}
void vPortClearInterruptMaskFromISR(UBaseType_t previous);

#define portSET_INTERRUPT_MASK_FROM_ISR() xPortSetInterruptMaskFromISR()
#define portCLEAR_INTERRUPT_MASK_FROM_ISR(previous) vPortClearInterruptMaskFromISR(previous)
#define portDISABLE_INTERRUPTS() ((void)xt_int_disable())
#define portENABLE_INTERRUPTS() vPortClearInterruptMaskFromISR(XT_PS_WOE | XT_PS_UM)

void vPortYield(void);
void vPortYieldFromISR(void);
#define portYIELD() vPortYield()
#define portYIELD_WITHIN_API() vPortYield()
#define portYIELD_FROM_ISR(...) portYIELD_FROM_ISR_CHOSEN(0, ##__VA_ARGS__, 1)
/* with an argument the yield depends on it, without it happens always */
#define portYIELD_FROM_ISR_CHOSEN(dummy, woken, ...) \
    do {                                             \
        if (woken) {                                 \
            vPortYieldFromISR();                     \
        }                                            \
    } while (0)
#define portEND_SWITCHING_ISR(woken) portYIELD_FROM_ISR(woken)

BaseType_t xPortInIsrContext(void);
#define portCHECK_IF_IN_ISR() xPortInIsrContext()
#define portASSERT_IF_IN_ISR() configASSERT(!xPortInIsrContext())
BaseType_t xPortCanYield(void);
static inline BaseType_t xPortInterruptedFromISRContext(void)
{
    return xPortInIsrContext();
}

static inline BaseType_t xPortGetCoreID(void)
{
    return 0;
}
#define portGET_CORE_ID() xPortGetCoreID()

static inline bool portVALID_TCB_MEM(const void *ptr)
{
    return ptr != NULL;
}

size_t xPortGetFreeHeapSize(void);
size_t xPortGetMinimumEverFreeHeapSize(void);
void *pvPortMalloc(size_t size);
void vPortFree(void *ptr);

#define portGET_RUN_TIME_COUNTER_VALUE() 0

#ifdef __cplusplus
}
#endif
