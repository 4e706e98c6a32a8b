/* SPDX-License-Identifier: MIT */
#include "cfi_flash.h"

#include "freertos/FreeRTOS.h"

#define CMD_READ_ARRAY 0xff
#define CMD_CLEAR_STATUS 0x50
#define CMD_ERASE_SETUP 0x20
#define CMD_BUFFER_SETUP 0xe8
#define CMD_CONFIRM 0xd0

#define STATUS_READY 0x80
/* erase error, program error, voltage, locked */
#define STATUS_ERRORS 0x3a

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;

/* the chip is 16 bits wide */
static inline volatile uint16_t *at(uint32_t offset)
{
    return (volatile uint16_t *)(SIM_FLASH_BASE + offset);
}

/* waits for the end of an operation and goes back to read-array mode */
static esp_err_t finish(uint32_t offset)
{
    uint16_t status;
    do {
        status = *at(offset);
    } while (!(status & STATUS_READY));
    if (status & STATUS_ERRORS) {
        *at(offset) = CMD_CLEAR_STATUS;
    }
    *at(offset) = CMD_READ_ARRAY;
    return status & STATUS_ERRORS ? ESP_FAIL : ESP_OK;
}

esp_err_t cfi_flash_erase_sector(uint32_t offset)
{
    portENTER_CRITICAL(&s_lock);
    *at(offset) = CMD_ERASE_SETUP;
    *at(offset) = CMD_CONFIRM;
    esp_err_t err = finish(offset);
    portEXIT_CRITICAL(&s_lock);
    return err;
}

esp_err_t cfi_flash_program(uint32_t offset, const uint16_t *data, uint32_t length)
{
    uint32_t words = length / sizeof(*data);
    portENTER_CRITICAL(&s_lock);
    do {
        *at(offset) = CMD_BUFFER_SETUP;
    } while (!(*at(offset) & STATUS_READY));
    *at(offset) = words - 1;
    for (uint32_t i = 0; i < words; i++) {
        *at(offset + i * sizeof(*data)) = data[i];
    }
    *at(offset) = CMD_CONFIRM;
    esp_err_t err = finish(offset);
    portEXIT_CRITICAL(&s_lock);
    return err;
}
