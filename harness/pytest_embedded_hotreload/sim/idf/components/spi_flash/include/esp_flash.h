/* SPDX-License-Identifier: MIT */
/* the flash chip: ESP-IDF's interface over the board's parallel NOR flash */
#pragma once

#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct esp_flash_t esp_flash_t;

/* the only chip; NULL as a chip argument means it too */
extern esp_flash_t *esp_flash_default_chip;

esp_err_t esp_flash_init_default_chip(void);
esp_err_t esp_flash_init(esp_flash_t *chip);
esp_err_t esp_flash_get_size(esp_flash_t *chip, uint32_t *out_size);
esp_err_t esp_flash_get_physical_size(esp_flash_t *chip, uint32_t *flash_size);

/* any address and length */
esp_err_t esp_flash_read(esp_flash_t *chip, void *buffer, uint32_t address, uint32_t length);

/**
 * Programs any address and length.
 *
 * @return ESP_ERR_INVALID_STATE, and a log line, when a bit would have to go from 0 to 1: the range
 *         was not erased. What lies before the first such block of 2 KB has been written.
 */
esp_err_t esp_flash_write(esp_flash_t *chip, const void *buffer, uint32_t address, uint32_t length);

/* start and length have to be multiples of SPI_FLASH_SEC_SIZE */
esp_err_t esp_flash_erase_region(esp_flash_t *chip, uint32_t start, uint32_t length);
esp_err_t esp_flash_erase_chip(esp_flash_t *chip);

#ifdef __cplusplus
}
#endif
