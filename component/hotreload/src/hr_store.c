/* SPDX-License-Identifier: MIT */
#include "hr_store.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "esp_rom_crc.h"
#include "hotreload.h"
#include "hr_elf.h"
#include "hr_trace.h"

#define SLOTS 2

static const uint8_t blank[4] = {0xff, 0xff, 0xff, 0xff};
static const uint8_t elf_magic[4] = {0x7f, 'E', 'L', 'F'};

#define RECORD_MAGIC 0x31525248u /* "HRR1" */

typedef struct {
    uint32_t magic;
    uint32_t sequence; /* one more with each update; the higher one is newer */
    uint32_t size;
    uint32_t crc;      /* of the ELF */
    uint32_t check;    /* CRC of the fields above */
} record_t;

_Static_assert(sizeof(record_t) <= HR_STORE_RECORD_SIZE, "the ELF follows the record");

typedef enum {
    SLOT_OTHER,
    SLOT_RAW,
    SLOT_RAW_SUPERSEDED,
    SLOT_RECORDED,
} slot_state_t;

typedef struct {
    slot_state_t state;
    record_t record;
} slot_t;

static uint32_t record_check(const record_t *record)
{
    return esp_rom_crc32_le(0, (const uint8_t *)record, offsetof(record_t, check));
}

static bool is_record(const record_t *record, uint32_t capacity)
{
    return record->magic == RECORD_MAGIC && record->check == record_check(record)
           && record->size <= capacity;
}

static esp_err_t reject_flash(const hr_store_t *store, esp_err_t err, const char *what,
                              uint32_t offset, hr_report_t *report)
{
    return hr_reject(report, err, "partition %s: flash %s at offset 0x%" PRIx32 " failed (%s)",
                     store->partition->label, what, offset, esp_err_to_name(err));
}

static esp_err_t read_slot(const hr_store_t *store, uint32_t index, slot_t *slot,
                           hr_report_t *report)
{
    union {
        hr_elf_header_t elf;
        record_t record;
    } start;
    uint32_t offset = index * store->slot_size;
    esp_err_t err = esp_partition_read(store->partition, offset, &start, sizeof(start));
    if (err != ESP_OK) {
        return reject_flash(store, err, "read", offset, report);
    }
    *slot = (slot_t) {.state = SLOT_OTHER};
    if (is_record(&start.record, hr_store_capacity(store))) {
        *slot = (slot_t) {.state = SLOT_RECORDED, .record = start.record};
    } else if (index == 0 && memcmp(start.elf.ident, elf_magic, sizeof(elf_magic)) == 0) {
        slot->state = start.elf.flags != 0 ? SLOT_RAW : SLOT_RAW_SUPERSEDED;
    }
    return ESP_OK;
}

static esp_err_t read_slots(const hr_store_t *store, slot_t slots[SLOTS], hr_report_t *report)
{
    esp_err_t err = ESP_OK;
    for (uint32_t i = 0; err == ESP_OK && i < SLOTS; i++) {
        err = read_slot(store, i, &slots[i], report);
    }
    return err;
}

esp_err_t hr_store_open(hr_store_t *store, const char *label, hr_report_t *report)
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, label);
    if (partition == NULL) {
        return hr_reject(report, ESP_ERR_NOT_FOUND,
                         "no partition \"%.16s\": add it to partitions.csv", label);
    }
    uint32_t blocks = partition->size / partition->erase_size;
    *store = (hr_store_t) {partition, blocks / SLOTS * partition->erase_size};
    if (store->slot_size == 0) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s has %" PRIu32 " bytes, two erase blocks of %" PRIu32
                         " are needed", partition->label, partition->size, partition->erase_size);
    }
    return ESP_OK;
}

uint32_t hr_store_capacity(const hr_store_t *store)
{
    return store->slot_size - HR_STORE_RECORD_SIZE;
}

static esp_err_t map(const hr_store_t *store, uint32_t offset, uint32_t size,
                     hr_store_view_t *view, hr_report_t *report)
{
    const void *data;
    esp_err_t err = esp_partition_mmap(store->partition, offset, size, ESP_PARTITION_MMAP_DATA,
                                       &data, &view->handle);
    if (err != ESP_OK) {
        return reject_flash(store, err, "mmap", offset, report);
    }
    view->data = data;
    view->size = size;
    view->sequence = 0;
    return ESP_OK;
}

static esp_err_t map_checked(const hr_store_t *store, uint32_t slot, uint32_t size, uint32_t crc,
                             hr_store_view_t *view, hr_report_t *report)
{
    uint32_t offset = slot + HR_STORE_RECORD_SIZE;
    esp_err_t err = map(store, offset, size, view, report);
    if (err != ESP_OK) {
        return err;
    }
    uint32_t found = esp_rom_crc32_le(0, view->data, size);
    if (found != crc) {
        hr_store_unmap(view);
        return hr_reject(report, HOTRELOAD_ERR_STORE,
                         "partition %s: the %" PRIu32 " bytes at offset 0x%" PRIx32
                         " have CRC 0x%08" PRIx32 ", not 0x%08" PRIx32,
                         store->partition->label, size, offset, found, crc);
    }
    return ESP_OK;
}

/* Index of the slot to look at first: the one with the newer record. */
static uint32_t newer_record(const slot_t slots[SLOTS])
{
    if (slots[0].state != SLOT_RECORDED) {
        return 1;
    }
    return slots[1].state == SLOT_RECORDED && slots[1].record.sequence > slots[0].record.sequence;
}

/* Maps the newest complete module and tells its slot. Without a record that is good it is the
   first slot as it is, whatever is there. */
static esp_err_t map_current(const hr_store_t *store, const slot_t slots[SLOTS], uint32_t *current,
                             hr_store_view_t *view, hr_report_t *report)
{
    uint32_t newer = newer_record(slots);
    for (uint32_t i = 0; slots[0].state != SLOT_RAW && i < SLOTS; i++) {
        *current = newer ^ i;
        const slot_t *slot = &slots[*current];
        if (slot->state == SLOT_RECORDED
            && map_checked(store, *current * store->slot_size, slot->record.size,
                           slot->record.crc, view, report) == ESP_OK) {
            view->sequence = slot->record.sequence;
            return ESP_OK;
        }
    }
    *current = 0;
    return map(store, 0, store->slot_size, view, report);
}

esp_err_t hr_store_map(const hr_store_t *store, hr_store_view_t *view, hr_report_t *report)
{
    slot_t slots[SLOTS];
    uint32_t current;
    esp_err_t err = read_slots(store, slots, report);
    if (err == ESP_OK) {
        err = map_current(store, slots, &current, view, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    if (memcmp(view->data, blank, sizeof(blank)) == 0) {
        hr_store_unmap(view);
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE,
                         "no module: partition %s is blank", store->partition->label);
    }
    return ESP_OK;
}

void hr_store_unmap(hr_store_view_t *view)
{
    esp_partition_munmap(view->handle);
}

static uint32_t next_sequence(const slot_t slots[SLOTS])
{
    const slot_t *newer = &slots[newer_record(slots)];
    return newer->state == SLOT_RECORDED ? newer->record.sequence + 1 : 1;
}

esp_err_t hr_store_begin(const hr_store_t *store, hr_store_update_t *update, hr_report_t *report)
{
    slot_t slots[SLOTS];
    hr_store_view_t view;
    uint32_t current;
    if (store->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: it can be flashed but not updated",
                         store->partition->label);
    }
    esp_err_t err = read_slots(store, slots, report);
    if (err == ESP_OK) {
        err = map_current(store, slots, &current, &view, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    hr_store_unmap(&view);
    update->store = store;
    update->slot = current == 0 ? store->slot_size : 0;
    update->sequence = next_sequence(slots);
    update->supersedes_raw = slots[0].state == SLOT_RAW;
    update->size = 0;
    update->crc = 0;
    update->erased = 0;
    return ESP_OK;
}

static esp_err_t erase_up_to(hr_store_update_t *update, uint32_t end, hr_report_t *report)
{
    const hr_store_t *store = update->store;
    uint32_t block = store->partition->erase_size;
    while (update->erased < end) {
        uint32_t offset = update->slot + update->erased;
        esp_err_t err = esp_partition_erase_range(store->partition, offset, block);
        if (err != ESP_OK) {
            return reject_flash(store, err, "erase", offset, report);
        }
        hr_trace("store", "op=erase partition=%s offset=0x%" PRIx32 " size=%" PRIu32,
                 store->partition->label, offset, block);
        update->erased += block;
    }
    return ESP_OK;
}

static esp_err_t write_flash(const hr_store_t *store, const char *op, uint32_t offset,
                             const void *data, uint32_t size, hr_report_t *report)
{
    esp_err_t err = esp_partition_write(store->partition, offset, data, size);
    if (err != ESP_OK) {
        return reject_flash(store, err, "write", offset, report);
    }
    hr_trace("store", "op=%s partition=%s offset=0x%" PRIx32 " size=%" PRIu32, op,
             store->partition->label, offset, size);
    return ESP_OK;
}

/* The bytes in `chunk` are the last ones of the ELF so far. */
static esp_err_t write_chunk(hr_store_update_t *update, uint32_t size, hr_report_t *report)
{
    uint32_t at = HR_STORE_RECORD_SIZE + update->size - size;
    esp_err_t err = erase_up_to(update, at + size, report);
    if (err != ESP_OK) {
        return err;
    }
    update->crc = esp_rom_crc32_le(update->crc, update->chunk, size);
    return write_flash(update->store, "write", update->slot + at, update->chunk, size, report);
}

esp_err_t hr_store_append(hr_store_update_t *update, const void *data, uint32_t size,
                          hr_report_t *report)
{
    uint32_t capacity = hr_store_capacity(update->store);
    const uint8_t *from = data;
    if (size > capacity - update->size) {
        return hr_reject(report, ESP_ERR_INVALID_SIZE,
                         "the module is larger than the %" PRIu32 " bytes that partition %s holds",
                         capacity, update->store->partition->label);
    }
    while (size > 0) {
        uint32_t used = update->size % sizeof(update->chunk);
        uint32_t room = sizeof(update->chunk) - used;
        uint32_t part = size < room ? size : room;
        memcpy(update->chunk + used, from, part);
        update->size += part;
        from += part;
        size -= part;
        if (part == room) {
            esp_err_t err = write_chunk(update, sizeof(update->chunk), report);
            if (err != ESP_OK) {
                return err;
            }
        }
    }
    return ESP_OK;
}

esp_err_t hr_store_map_update(hr_store_update_t *update, hr_store_view_t *view,
                              hr_report_t *report)
{
    uint32_t rest = update->size % sizeof(update->chunk);
    if (rest > 0) {
        esp_err_t err = write_chunk(update, rest, report);
        if (err != ESP_OK) {
            return err;
        }
    }
    return map_checked(update->store, update->slot, update->size, update->crc, view, report);
}

/* Clears e_flags of the raw ELF, which programming can do without an erase: nobody reads them, and
   binutils always sets some for Xtensa. Flashing the ELF again brings them back. */
static esp_err_t mark_raw_superseded(const hr_store_t *store, hr_report_t *report)
{
    static const uint32_t none;
    return write_flash(store, "write", offsetof(hr_elf_header_t, flags), &none, sizeof(none),
                       report);
}

esp_err_t hr_store_commit(const hr_store_update_t *update, hr_report_t *report)
{
    /* in this order: between the two a superseded raw ELF without a newer record is still used */
    if (update->supersedes_raw) {
        esp_err_t err = mark_raw_superseded(update->store, report);
        if (err != ESP_OK) {
            return err;
        }
    }
    record_t record = {
        .magic = RECORD_MAGIC,
        .sequence = update->sequence,
        .size = update->size,
        .crc = update->crc,
    };
    record.check = record_check(&record);
    return write_flash(update->store, "commit", update->slot, &record, sizeof(record), report);
}
