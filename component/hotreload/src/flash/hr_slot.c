/* SPDX-License-Identifier: MIT */
#include "flash/hr_slot.h"

#include <stddef.h>
#include <string.h>

#include "elf/hr_image.h"
#include "esp_rom_crc.h"

#define ELF_MAGIC 0x464c457fu /* 0x7f "ELF" */
#define MAGIC 0x33525248u     /* "HRR3" */
#define BLANK 0xffffffffu

#define AGE_FLASHED (UINT64_C(1) << 32) /* newer than any sequence */
#define AGE_SUPERSEDED 0                /* older than any, which begin with 1 */

/* The record of the component before this one: its magic, and where the ELF was. */
#define MAGIC_BEFORE 0x32525248u /* "HRR2" */
#define ELF_OFFSET_BEFORE 64u

typedef struct {
    uint32_t magic;
    uint32_t sequence;
    uint32_t size;
    uint8_t hash[HR_SHA256_SIZE];
    uint32_t check;
} record_before_t;

/* Clearing takes all bits; of a write that lost power, some are cleared. A record of which the write
   lost power has too many bits set, not too few. */
static bool is_cleared(uint32_t word, uint32_t magic)
{
    return word != magic && (word & ~magic) == 0;
}

static uint32_t check_of_flashed(const hr_slot_record_t *record)
{
    uint32_t crc = esp_rom_crc32_le(0, (const uint8_t *)&record->magic, sizeof(record->magic));
    return esp_rom_crc32_le(crc, (const uint8_t *)&record->size,
                            offsetof(hr_slot_record_t, check) - offsetof(hr_slot_record_t, size));
}

static uint32_t check_of_update(const hr_slot_record_t *record)
{
    return esp_rom_crc32_le(check_of_flashed(record), (const uint8_t *)&record->sequence,
                            sizeof(record->sequence));
}

static bool fits(uint32_t size, uint32_t offset, uint32_t slot_size)
{
    return size <= slot_size - offset;
}

static uint32_t bits_cleared(uint32_t word)
{
    return (uint32_t)__builtin_popcount(~word);
}

static void parse_state(hr_slot_t *slot, const hr_slot_life_t lives[HR_SLOT_LIVES])
{
    while (slot->life < HR_SLOT_LIVES - 1 && lives[slot->life].ended == 0) {
        slot->life++;
    }
    const hr_slot_life_t *life = &lives[slot->life];
    slot->begun = life->begun;
    slot->starts = bits_cleared(life->begun);
    slot->marked_bad = life->bad == 0;
    slot->state = slot->marked_bad        ? HR_SLOT_BAD
                  : life->confirmed == 0 ? HR_SLOT_CONFIRMED
                                          : HR_SLOT_WRITTEN;
}

static hr_slot_t parse_record(const hr_slot_header_t *header, bool flashed,
                              const hr_identity_t *firmware)
{
    const hr_slot_record_t *record = &header->record;
    hr_slot_t slot = {
        .format = HR_SLOT_RECORDED,
        .flashed = flashed,
        .age = !flashed                                ? record->sequence
               : record->sequence == HR_SLOT_FLASHED ? AGE_FLASHED
                                                       : AGE_SUPERSEDED,
        .sequence = flashed && record->sequence != HR_SLOT_FLASHED ? 0 : record->sequence,
        .size = record->size,
        .elf_offset = HR_SLOT_HEADER_SIZE,
        .elf_crc = header->elf_crc,
        .firmware = record->firmware,
    };
    memcpy(slot.hash, record->hash, sizeof(slot.hash));
    parse_state(&slot, header->lives);
    if (memcmp(&record->firmware, firmware, sizeof(*firmware)) != 0) {
        slot.state = HR_SLOT_OTHER;
    }
    return slot;
}

static hr_slot_t parse_raw(const hr_elf_header_t *elf, bool bad)
{
    return (hr_slot_t) {
        .state = bad ? HR_SLOT_BAD : HR_SLOT_WRITTEN,
        .format = HR_SLOT_RAW,
        .flashed = true,
        .marked_bad = bad,
        .age = elf->flags != 0 ? AGE_FLASHED : AGE_SUPERSEDED,
        .sequence = elf->flags != 0 ? HR_SLOT_FLASHED : 0,
    };
}

static bool parse_before(const hr_slot_header_t *header, uint32_t slot_size, hr_slot_t *slot)
{
    record_before_t record;
    memcpy(&record, header, sizeof(record));
    if (record.magic != MAGIC_BEFORE || !fits(record.size, ELF_OFFSET_BEFORE, slot_size)
        || record.check
               != esp_rom_crc32_le(0, (const uint8_t *)&record, offsetof(record_before_t, check))) {
        return false;
    }
    *slot = (hr_slot_t) {
        .state = HR_SLOT_OTHER,
        .format = HR_SLOT_RECORDED_BEFORE,
        .age = record.sequence,
        .sequence = record.sequence,
        .size = record.size,
        .elf_offset = ELF_OFFSET_BEFORE,
    };
    memcpy(slot->hash, record.hash, sizeof(slot->hash));
    return true;
}

/* The header of a module but for its first word. */
static bool is_elf_header(const hr_elf_header_t *start)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    hr_elf_header_t whole = *start;
    hr_elf_header_t header;
    hr_report_t unused;
    memcpy(whole.ident, magic, sizeof(magic));
    return hr_image_check_header(&whole, sizeof(whole), &header, &unused) == ESP_OK;
}

hr_slot_t hr_slot_parse(const hr_slot_header_t *header, bool first, uint32_t slot_size,
                        const hr_identity_t *firmware)
{
    const hr_slot_record_t *record = &header->record;
    hr_slot_t slot;
    uint32_t word = record->magic;
    if (word == MAGIC && fits(record->size, HR_SLOT_HEADER_SIZE, slot_size)) {
        bool flashed = record->check == check_of_flashed(record);
        if (flashed || record->check == check_of_update(record)) {
            return parse_record(header, flashed, firmware);
        }
    }
    if (parse_before(header, slot_size, &slot)) {
        return slot;
    }
    if (first && (word == ELF_MAGIC || (is_cleared(word, ELF_MAGIC) && is_elf_header(&header->elf)))) {
        return parse_raw(&header->elf, word != ELF_MAGIC);
    }
    return (hr_slot_t) {.state = word == BLANK ? HR_SLOT_BLANK : HR_SLOT_DAMAGED};
}

hr_slot_header_t hr_slot_header(uint32_t sequence, uint32_t size,
                                const uint8_t hash[HR_SHA256_SIZE], uint32_t elf_crc,
                                const hr_identity_t *firmware)
{
    hr_slot_header_t header;
    memset(&header, 0xff, sizeof(header));
    header.record = (hr_slot_record_t) {
        .magic = MAGIC,
        .sequence = sequence,
        .size = size,
        .firmware = *firmware,
    };
    memcpy(header.record.hash, hash, sizeof(header.record.hash));
    header.record.check = check_of_update(&header.record);
    header.elf_crc = elf_crc;
    return header;
}
