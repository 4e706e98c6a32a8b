/* SPDX-License-Identifier: MIT */
#include "esp_flash.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cfi_flash.h"
#include "esp_cpu.h"
#include "esp_log.h"
#include "esp_memory_utils.h"
#include "esp_private/spi_flash_stack.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "soc/sim_board.h"
#include "spi_flash_mmap.h"

static const char *const TAG = "spi_flash";

struct esp_flash_t {
    uint32_t size;
};

static esp_flash_t s_chip = {.size = SIM_FLASH_SIZE};
esp_flash_t *esp_flash_default_chip = &s_chip;

/* one operation at a time: a write of more than a block consists of several commands */
static SemaphoreHandle_t s_mutex;
static StaticSemaphore_t s_mutex_storage;
static portMUX_TYPE s_mutex_lock = portMUX_INITIALIZER_UNLOCKED;

/* holds one block of a write: the caller's data may lie in flash, or start at an odd address */
static uint16_t s_block[CFI_BUFFER_BYTES / sizeof(uint16_t)];

void spi_flash_check_stack(void)
{
    assert(!esp_ptr_external_ram(esp_cpu_get_sp()));
}

static void flash_lock(void)
{
    portENTER_CRITICAL(&s_mutex_lock);
    if (s_mutex == NULL) {
        s_mutex = xSemaphoreCreateMutexStatic(&s_mutex_storage);
    }
    portEXIT_CRITICAL(&s_mutex_lock);
    /* before the scheduler there is nobody to wait for */
    if (xTaskGetSchedulerState() != taskSCHEDULER_NOT_STARTED) {
        xSemaphoreTake(s_mutex, portMAX_DELAY);
    }
}

static void flash_unlock(void)
{
    if (xTaskGetSchedulerState() != taskSCHEDULER_NOT_STARTED) {
        xSemaphoreGive(s_mutex);
    }
}

static esp_err_t check_range(const esp_flash_t *chip, uint32_t address, uint32_t length)
{
    if (chip != NULL && chip != &s_chip) {
        return ESP_ERR_INVALID_ARG;
    }
    if (address > s_chip.size || length > s_chip.size - address) {
        return ESP_ERR_INVALID_ARG;
    }
    return ESP_OK;
}

static const uint8_t *flash_bytes(uint32_t address)
{
    return (const uint8_t *)(SIM_FLASH_BASE + address);
}

esp_err_t esp_flash_init(esp_flash_t *chip)
{
    return check_range(chip, 0, 0);
}

esp_err_t esp_flash_init_default_chip(void)
{
    return ESP_OK;
}

esp_err_t esp_flash_get_size(esp_flash_t *chip, uint32_t *out_size)
{
    if (check_range(chip, 0, 0) != ESP_OK || out_size == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *out_size = s_chip.size;
    return ESP_OK;
}

esp_err_t esp_flash_get_physical_size(esp_flash_t *chip, uint32_t *flash_size)
{
    return esp_flash_get_size(chip, flash_size);
}

esp_err_t esp_flash_read(esp_flash_t *chip, void *buffer, uint32_t address, uint32_t length)
{
    if (check_range(chip, address, length) != ESP_OK || buffer == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    spi_flash_check_stack();
    memcpy(buffer, flash_bytes(address), length);
    return ESP_OK;
}

/* NOR programming only clears bits; QEMU's model does set them, which would hide the mistake */
static bool is_programmable(uint32_t address, const uint8_t *wanted, uint32_t length)
{
    const uint8_t *present = flash_bytes(address);
    for (uint32_t i = 0; i < length; i++) {
        if ((present[i] & wanted[i]) != wanted[i]) {
            ESP_LOGE(TAG, "write of 0x%02x over 0x%02x at 0x%x: the flash has not been erased", wanted[i],
                     present[i], (unsigned)(address + i));
            return false;
        }
    }
    return true;
}

/* programs what of [address, address + length) lies in one block, with the bytes around it kept */
static esp_err_t write_block(const uint8_t *data, uint32_t address, uint32_t length)
{
    uint32_t start = address & ~1u;
    uint32_t end = (address + length + 1) & ~1u;
    uint8_t *block = (uint8_t *)s_block;
    memcpy(block, flash_bytes(start), end - start);
    memcpy(block + (address - start), data, length);
    if (!is_programmable(start, block, end - start)) {
        return ESP_ERR_INVALID_STATE;
    }
    return cfi_flash_program(start, s_block, end - start);
}

esp_err_t esp_flash_write(esp_flash_t *chip, const void *buffer, uint32_t address, uint32_t length)
{
    if (check_range(chip, address, length) != ESP_OK || buffer == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    const uint8_t *data = buffer;
    esp_err_t err = ESP_OK;
    spi_flash_check_stack();
    flash_lock();
    while (length > 0 && err == ESP_OK) {
        uint32_t room = CFI_BUFFER_BYTES - address % CFI_BUFFER_BYTES;
        uint32_t step = length < room ? length : room;
        err = write_block(data, address, step);
        data += step;
        address += step;
        length -= step;
    }
    flash_unlock();
    return err;
}

esp_err_t esp_flash_erase_region(esp_flash_t *chip, uint32_t start, uint32_t length)
{
    if (check_range(chip, start, length) != ESP_OK || start % CFI_SECTOR_BYTES != 0 ||
        length % CFI_SECTOR_BYTES != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = ESP_OK;
    spi_flash_check_stack();
    flash_lock();
    for (uint32_t at = start; at < start + length && err == ESP_OK; at += CFI_SECTOR_BYTES) {
        err = cfi_flash_erase_sector(at);
    }
    flash_unlock();
    return err;
}

esp_err_t esp_flash_erase_chip(esp_flash_t *chip)
{
    return esp_flash_erase_region(chip, 0, s_chip.size);
}

esp_err_t spi_flash_mmap(size_t src_addr, size_t size, spi_flash_mmap_memory_t memory,
                         const void **out_ptr, spi_flash_mmap_handle_t *out_handle)
{
    if (src_addr % SPI_FLASH_MMU_PAGE_SIZE != 0 || check_range(NULL, src_addr, size) != ESP_OK ||
        out_ptr == NULL || out_handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    spi_flash_check_stack();
    uint32_t base = memory == SPI_FLASH_MMAP_INST ? SIM_FLASH_EXEC_BASE : SIM_FLASH_BASE;
    *out_ptr = (const void *)(base + src_addr);
    *out_handle = base + src_addr;
    return ESP_OK;
}

void spi_flash_munmap(spi_flash_mmap_handle_t handle)
{
    (void)handle;
}

size_t spi_flash_cache2phys(const void *cached)
{
    uint32_t address = (uint32_t)cached;
    if (address - SIM_FLASH_BASE < SIM_FLASH_SIZE) {
        return address - SIM_FLASH_BASE;
    }
    if (address - SIM_FLASH_EXEC_BASE < SIM_FLASH_SIZE) {
        return address - SIM_FLASH_EXEC_BASE;
    }
    return SIZE_MAX;
}
