/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* reflected CRC-32 (IEEE 802.3); crc is the result so far, 0 at first */
uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size);

#ifdef __cplusplus
}
#endif
