// lwIP's operating system layer on FreeRTOS.
// SPDX-License-Identifier: MIT
#include "lwip/sys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "esp_random.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "lwip/err.h"
#include "lwip/tcpip.h"

// the handles that lwIP sees are FreeRTOS's handles under another name
static SemaphoreHandle_t sem_handle(sys_sem_t *sem)
{
    return (SemaphoreHandle_t)*sem;
}

static SemaphoreHandle_t mutex_handle(sys_mutex_t *mutex)
{
    return (SemaphoreHandle_t)*mutex;
}

static QueueHandle_t mbox_handle(sys_mbox_t *mbox)
{
    return (QueueHandle_t)*mbox;
}

// zero means for ever in lwIP. Any other time is rounded up, and the tick that has begun does not count, so that
// a wait is never shorter than asked for
static TickType_t wait_ticks(u32_t timeout_ms)
{
    if (timeout_ms == 0) {
        return portMAX_DELAY;
    }
    uint64_t ticks = ((uint64_t)timeout_ms * configTICK_RATE_HZ + 999) / 1000 + 1;
    return ticks < portMAX_DELAY ? (TickType_t)ticks : portMAX_DELAY - 1;
}

void sys_init(void)
{
}

u32_t sys_now(void)
{
    return (u32_t)(esp_timer_get_time() / 1000);
}

uint32_t lwip_port_random(void)
{
    return esp_random();
}

// --- semaphores

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    *sem = (sys_sem_t)xSemaphoreCreateCounting(UINT16_MAX, count);
    return *sem ? ERR_OK : ERR_MEM;
}

void sys_sem_signal(sys_sem_t *sem)
{
    xSemaphoreGive(sem_handle(sem));
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout_ms)
{
    u32_t start = sys_now();
    if (xSemaphoreTake(sem_handle(sem), wait_ticks(timeout_ms)) != pdTRUE) {
        return SYS_ARCH_TIMEOUT;
    }
    return sys_now() - start;
}

void sys_sem_free(sys_sem_t *sem)
{
    vSemaphoreDelete(sem_handle(sem));
    *sem = NULL;
}

// --- mutexes

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    *mutex = (sys_mutex_t)xSemaphoreCreateMutex();
    return *mutex ? ERR_OK : ERR_MEM;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    xSemaphoreTake(mutex_handle(mutex), portMAX_DELAY);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    xSemaphoreGive(mutex_handle(mutex));
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    vSemaphoreDelete(mutex_handle(mutex));
    *mutex = NULL;
}

// --- mailboxes

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    *mbox = (sys_mbox_t)xQueueCreate((UBaseType_t)size, sizeof(void *));
    return *mbox ? ERR_OK : ERR_MEM;
}

void sys_mbox_post(sys_mbox_t *mbox, void *message)
{
    xQueueSend(mbox_handle(mbox), &message, portMAX_DELAY);
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *message)
{
    return xQueueSend(mbox_handle(mbox), &message, 0) == pdTRUE ? ERR_OK : ERR_MEM;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *message)
{
    return xQueueSendFromISR(mbox_handle(mbox), &message, NULL) == pdTRUE ? ERR_OK : ERR_MEM;
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **message, u32_t timeout_ms)
{
    void *ignored;
    u32_t start = sys_now();
    if (xQueueReceive(mbox_handle(mbox), message ? message : &ignored, wait_ticks(timeout_ms)) != pdTRUE) {
        if (message) {
            *message = NULL;
        }
        return SYS_ARCH_TIMEOUT;
    }
    return sys_now() - start;
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **message)
{
    void *ignored;
    return xQueueReceive(mbox_handle(mbox), message ? message : &ignored, 0) == pdTRUE ? 0 : SYS_MBOX_EMPTY;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
    vQueueDelete(mbox_handle(mbox));
    *mbox = NULL;
}

// --- threads

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn function, void *argument, int stack_size, int priority)
{
    TaskHandle_t task = NULL;
    if (xTaskCreate(function, name, (uint32_t)stack_size, argument, (UBaseType_t)priority, &task) != pdPASS) {
        return NULL;
    }
    return (sys_thread_t)task;
}

// --- short critical sections

static portMUX_TYPE protection = portMUX_INITIALIZER_UNLOCKED;

sys_prot_t sys_arch_protect(void)
{
    taskENTER_CRITICAL(&protection);
    return 0;
}

void sys_arch_unprotect(sys_prot_t level)
{
    (void)level;
    taskEXIT_CRITICAL(&protection);
}

// --- checks and messages

void sys_check_core_locking(void)
{
    // before tcpip_init() has made the lock there is only one thread that can call
    if (!sys_mutex_valid(&lock_tcpip_core)) {
        return;
    }
    if (xSemaphoreGetMutexHolder(mutex_handle(&lock_tcpip_core)) != xTaskGetCurrentTaskHandle()) {
        lwip_port_assert_failed("lwIP's core is called without its lock", __FILE__, __LINE__);
    }
}

void lwip_port_diag(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void lwip_port_assert_failed(const char *message, const char *file, int line)
{
    printf("lwIP assertion \"%s\" failed at %s:%d\n", message, file, line);
    abort();
}
