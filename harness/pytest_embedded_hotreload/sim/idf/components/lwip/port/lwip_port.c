// SPDX-License-Identifier: MIT
#include "lwip_port.h"

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"
#include "socket_io.h"

static void on_started(void *semaphore)
{
    xSemaphoreGive((SemaphoreHandle_t)semaphore);
}

esp_err_t lwip_port_start(void)
{
    static bool started;

    if (started) {
        return ESP_OK;
    }
    SemaphoreHandle_t ready = xSemaphoreCreateBinary();
    if (!ready) {
        return ESP_ERR_NO_MEM;
    }
    tcpip_init(on_started, ready);
    xSemaphoreTake(ready, portMAX_DELAY);
    vSemaphoreDelete(ready);
    socket_io_register();
    started = true;
    return ESP_OK;
}

bool lwip_port_lock(void)
{
    if (xSemaphoreGetMutexHolder((SemaphoreHandle_t)lock_tcpip_core) == xTaskGetCurrentTaskHandle()) {
        return false;
    }
    LOCK_TCPIP_CORE();
    return true;
}

void lwip_port_unlock(bool taken)
{
    if (taken) {
        UNLOCK_TCPIP_CORE();
    }
}

// lwIP acknowledges every second segment, and a last odd one after 250 ms. QEMU's user network begins a connection
// with one segment and waits: an upload would stall for that time before it starts.
void lwip_port_acknowledge(void)
{
    bool taken = lwip_port_lock();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->flags & TF_ACK_DELAY) {
            tcp_ack_now(pcb);
            tcp_output(pcb);
        }
    }
    lwip_port_unlock(taken);
}
