/* SPDX-License-Identifier: MIT */
/* command sequences of the Intel/Sharp extended command set (CFI primary vendor 0x0001) */
#pragma once

#include <stdint.h>

#include "esp_err.h"
#include "soc/sim_board.h"

#define CFI_SECTOR_BYTES SIM_FLASH_SECTOR_SIZE
/* write buffer of the chip; one buffered write stays within a block of this size */
#define CFI_BUFFER_BYTES 2048

/*
 * While a command is under way the whole array reads as status. So that other tasks and interrupts
 * may read the flash at any time, as through the cache of an ESP32, each of these functions keeps
 * interrupts off from the command until the chip is back in read-array mode. QEMU takes some 10 to
 * 500 us for each.
 */

/* erases the sector that begins at this offset */
esp_err_t cfi_flash_erase_sector(uint32_t offset);

/**
 * Programs up to CFI_BUFFER_BYTES.
 *
 * @param offset  even, and in the same block of CFI_BUFFER_BYTES as the last byte
 * @param data    in RAM, aligned to 2
 * @param length  even, not 0
 */
esp_err_t cfi_flash_program(uint32_t offset, const uint16_t *data, uint32_t length);
