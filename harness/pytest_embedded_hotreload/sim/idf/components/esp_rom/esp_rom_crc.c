/* SPDX-License-Identifier: MIT */
#include "esp_rom_crc.h"

/* Of one byte. The chip's ROM has it, here it is made in RAM when it is first needed. */
static uint32_t table[256];

/* Who else makes it meanwhile writes the same. */
static void make_table(void)
{
    for (uint32_t byte = 255; byte > 0; byte--) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
        table[byte] = crc;
    }
}

uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *data, uint32_t size)
{
    if (table[1] == 0) { /* the one that is made last */
        make_table();
    }
    crc = ~crc;
    for (uint32_t i = 0; i < size; i++) {
        crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    }
    return ~crc;
}
