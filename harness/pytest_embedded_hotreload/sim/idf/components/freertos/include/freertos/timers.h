/* SPDX-License-Identifier: MIT */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tmrTimerControl;
typedef struct tmrTimerControl *TimerHandle_t;
typedef void (*TimerCallbackFunction_t)(TimerHandle_t timer);

/* callbacks run in the timer task "Tmr Svc", which the first timer starts */
TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t auto_reload, void *id,
                           TimerCallbackFunction_t callback);
TimerHandle_t xTimerCreateStatic(const char *name, TickType_t period, BaseType_t auto_reload,
                                 void *id, TimerCallbackFunction_t callback, StaticTimer_t *timer);

/* commands take effect at once; ticks is not needed and there is no queue to be full */
BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerReset(TimerHandle_t timer, TickType_t ticks);
BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks);
BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks);
#define xTimerStartFromISR(timer, woken) xTimerStart((timer), ((void)(woken), 0))
#define xTimerStopFromISR(timer, woken) xTimerStop((timer), ((void)(woken), 0))
#define xTimerResetFromISR(timer, woken) xTimerReset((timer), ((void)(woken), 0))
#define xTimerChangePeriodFromISR(timer, period, woken) \
    xTimerChangePeriod((timer), (period), ((void)(woken), 0))

BaseType_t xTimerIsTimerActive(TimerHandle_t timer);
void *pvTimerGetTimerID(TimerHandle_t timer);
void vTimerSetTimerID(TimerHandle_t timer, void *id);
const char *pcTimerGetName(TimerHandle_t timer);
TickType_t xTimerGetPeriod(TimerHandle_t timer);
TickType_t xTimerGetExpiryTime(TimerHandle_t timer);
TaskHandle_t xTimerGetTimerDaemonTaskHandle(void);

#ifdef __cplusplus
}
#endif
