/* SPDX-License-Identifier: MIT */
#include "esp_private/console.h"

#include "esp_intr_alloc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "soc/interrupts.h"
#include "soc/uart_reg.h"

#define RX_BUFFER_SIZE 512 /* a power of two */
/* so often the transmitter is asked before the reader of the UART is taken to be busy */
#define TX_SPINS 1000

static SemaphoreHandle_t s_write_lock;
static SemaphoreHandle_t s_read_lock;
static char s_rx[RX_BUFFER_SIZE];
static volatile size_t s_rx_head; /* counts bytes put in */
static volatile size_t s_rx_tail; /* counts bytes taken out */

static bool rx_is_full(void)
{
    return s_rx_head - s_rx_tail == RX_BUFFER_SIZE;
}

static void on_receive(void *arg)
{
    (void)arg;
    while (!rx_is_full() && (SIM_REG32(UART_LSR) & UART_LSR_DATA_READY)) {
        s_rx[s_rx_head % RX_BUFFER_SIZE] = (char)SIM_REG32(UART_DATA);
        s_rx_head++;
    }
    if (rx_is_full()) {
        SIM_REG32(UART_IER) = 0; /* the sender waits; console_read() goes on */
    }
}

void console_init(void)
{
    static StaticSemaphore_t write_lock, read_lock;
    s_write_lock = xSemaphoreCreateMutexStatic(&write_lock);
    s_read_lock = xSemaphoreCreateMutexStatic(&read_lock);
    SIM_REG32(UART_FCR) = UART_FCR_ENABLE;
    ESP_ERROR_CHECK(esp_intr_alloc(ETS_UART0_INTR_SOURCE, 0, on_receive, NULL, NULL));
    SIM_REG32(UART_IER) = UART_IER_RX;
}

static bool can_wait(void)
{
    return xTaskGetSchedulerState() == taskSCHEDULER_RUNNING && xPortCanYield();
}

static void put(char c, bool may_wait)
{
    for (unsigned spins = 0; !(SIM_REG32(UART_LSR) & UART_LSR_THR_EMPTY); spins++) {
        if (may_wait && spins >= TX_SPINS) {
            vTaskDelay(1);
        }
    }
    SIM_REG32(UART_DATA) = (uint8_t)c;
}

void console_write(const char *data, size_t size)
{
    bool may_wait = can_wait();
    if (may_wait) {
        xSemaphoreTake(s_write_lock, portMAX_DELAY);
    }
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            put('\r', may_wait);
        }
        put(data[i], may_wait);
    }
    if (may_wait) {
        xSemaphoreGive(s_write_lock);
    }
}

static size_t take_received(char *data, size_t size)
{
    size_t count = 0;
    while (count < size && s_rx_tail != s_rx_head) {
        char c = s_rx[s_rx_tail % RX_BUFFER_SIZE];
        data[count++] = c == '\r' ? '\n' : c;
        s_rx_tail++;
    }
    SIM_REG32(UART_IER) = UART_IER_RX;
    return count;
}

size_t console_read(char *data, size_t size)
{
    xSemaphoreTake(s_read_lock, portMAX_DELAY);
    size_t count = take_received(data, size);
    xSemaphoreGive(s_read_lock);
    return count;
}
