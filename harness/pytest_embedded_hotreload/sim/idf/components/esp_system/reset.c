/* SPDX-License-Identifier: MIT */
#include "esp_private/reset_internal.h"
#include "esp_private/startup_internal.h"
#include "esp_rom_sys.h"
#include "esp_rom_uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define HANDLERS_MAX 5
#define HINT_MAGIC 0x48696e74

/* in RAM that no reset clears; without a power-up the magic would be from the run before */
static __NOINIT_ATTR struct {
    uint32_t magic;
    uint32_t reason;
    uint32_t check;
} s_hint;

static esp_reset_reason_t s_reason;
static shutdown_handler_t s_handlers[HANDLERS_MAX];

void esp_reset_reason_set_hint(esp_reset_reason_t reason)
{
    s_hint.magic = HINT_MAGIC;
    s_hint.reason = reason;
    s_hint.check = ~s_hint.reason;
}

/* whoever resets on purpose leaves a hint; a reset without one came from outside */
void esp_reset_reason_init(void)
{
    bool valid = s_hint.magic == HINT_MAGIC && s_hint.check == ~s_hint.reason;
    s_reason = valid ? (esp_reset_reason_t)s_hint.reason : ESP_RST_POWERON;
    s_hint.magic = 0;
}

esp_reset_reason_t esp_reset_reason(void)
{
    return s_reason;
}

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handler)
{
    for (int i = 0; i < HANDLERS_MAX; i++) {
        if (s_handlers[i] == handler) {
            return ESP_ERR_INVALID_STATE;
        }
        if (!s_handlers[i]) {
            s_handlers[i] = handler;
            return ESP_OK;
        }
    }
    return ESP_ERR_NO_MEM;
}

esp_err_t esp_unregister_shutdown_handler(shutdown_handler_t handler)
{
    for (int i = 0; i < HANDLERS_MAX; i++) {
        if (s_handlers[i] == handler) {
            for (; i < HANDLERS_MAX - 1; i++) {
                s_handlers[i] = s_handlers[i + 1];
            }
            s_handlers[HANDLERS_MAX - 1] = NULL;
            return ESP_OK;
        }
    }
    return ESP_ERR_INVALID_STATE;
}

void esp_restart(void)
{
    for (int i = HANDLERS_MAX - 1; i >= 0; i--) {
        if (s_handlers[i]) {
            s_handlers[i]();
        }
    }
    vTaskSuspendAll();
    esp_rom_uart_tx_wait_idle(0);
    esp_reset_reason_set_hint(ESP_RST_SW);
    esp_rom_software_reset_system();
}
