/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <stdbool.h>
#include <string.h>

#include "console.h"
#include "esp_app_format.h"
#include "soc/sim_board.h"

static const char *const TAG = "esp_image";

/* the boot loader's own stack is in the last 8 KB of IRAM: src/bootloader.ld */
#define STACK_BYTES 0x2000

static bool in_region(uint32_t addr, uint32_t size, uint32_t base, uint32_t length)
{
    return addr >= base && addr - base <= length && size <= length - (addr - base);
}

static bool may_load_to(uint32_t addr, uint32_t size)
{
    return in_region(addr, size, SIM_SYSRAM_BASE, SIM_SYSRAM_SIZE) ||
           in_region(addr, size, SIM_IRAM_BASE, SIM_IRAM_SIZE - STACK_BYTES) ||
           in_region(addr, size, SIM_DRAM_BASE, SIM_DRAM_SIZE);
}

/*
 * Copies words and returns their exclusive or. What is there already, after a restart, is not written
 * again: QEMU would throw away its translation of that code.
 */
static uint32_t copy_words(uint32_t *to, const uint32_t *from, uint32_t count)
{
    uint32_t folded = 0;
    while (count-- > 0) {
        uint32_t word = *from++;
        if (*to != word) {
            *to = word;
        }
        to++;
        folded ^= word;
    }
    return folded;
}

const char *image_load(const esp_partition_pos_t *pos, uint32_t *entry)
{
    uint32_t base = SIM_FLASH_BASE + pos->offset;
    uint32_t at = sizeof(esp_image_header_t);
    esp_image_header_t header;
    if (pos->size < at) {
        return "the partition is too small";
    }
    memcpy(&header, (const void *)base, sizeof(header));
    if (header.magic != ESP_IMAGE_HEADER_MAGIC) {
        return "it does not begin with 0xe9";
    }
    if (header.segment_count == 0 || header.segment_count > ESP_IMAGE_MAX_SEGMENTS) {
        return "its number of segments is not valid";
    }

    uint32_t folded = 0;
    for (unsigned i = 0; i < header.segment_count; i++) {
        esp_image_segment_header_t segment;
        if (pos->size - at < sizeof(segment)) {
            return "a segment ends beyond the partition";
        }
        memcpy(&segment, (const void *)(base + at), sizeof(segment));
        at += sizeof(segment);
        if (segment.data_len % 4 != 0 || segment.load_addr % 4 != 0) {
            return "a segment is not aligned";
        }
        if (segment.data_len > pos->size - at) {
            return "a segment ends beyond the partition";
        }
        if (!may_load_to(segment.load_addr, segment.data_len)) {
            return "a segment is not for RAM";
        }
        BOOT_LOGI(TAG, "segment %u: paddr=%08x vaddr=%08x size=%05xh (%u) load", i,
                  (unsigned)(pos->offset + at), (unsigned)segment.load_addr,
                  (unsigned)segment.data_len, (unsigned)segment.data_len);
        folded ^= copy_words((uint32_t *)segment.load_addr, (const uint32_t *)(base + at),
                             segment.data_len / 4);
        at += segment.data_len;
    }

    /* the last byte of the 16-byte line that follows the segments */
    uint32_t checksum_at = at | 15;
    if (checksum_at >= pos->size) {
        return "it has no checksum";
    }
    uint8_t checksum = ESP_IMAGE_CHECKSUM_SEED ^ folded ^ (folded >> 8) ^ (folded >> 16) ^ (folded >> 24);
    if (checksum != *(const uint8_t *)(base + checksum_at)) {
        return "its checksum does not match";
    }
    *entry = header.entry_addr;
    return NULL;
}
