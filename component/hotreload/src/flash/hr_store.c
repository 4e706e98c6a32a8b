/* SPDX-License-Identifier: MIT */
#include "flash/hr_store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "esp_log.h"
#include "esp_rom_crc.h"
#include "hotreload.h"
#include "elf/hr_image.h"
#include "module/hr_tasks.h"
#include "port/hr_trace.h"

#define SLOTS HR_STORE_SLOTS
#define NO_SLOT SLOTS

static const char *TAG = "hotreload";

#define ELF_MAGIC 0x464c457fu    /* 0x7f "ELF" */
#define RECORD_MAGIC 0x32525248u /* "HRR2" */
#define BLANK 0xffffffffu
#define NO_ADDRESS 0xffffffffu

typedef struct {
    uint32_t magic;
    uint32_t sequence; /* one more with each update; the higher one is newer */
    uint32_t size;
    uint8_t hash[HR_SHA256_SIZE]; /* of the ELF */
    uint32_t check;               /* CRC of the fields above */
} record_t;

_Static_assert(sizeof(record_t) <= HR_STORE_RECORD_SIZE, "the ELF follows the record");

typedef enum {
    SLOT_OTHER,
    SLOT_BLANK,
    SLOT_RAW,
    SLOT_RAW_SUPERSEDED,
    SLOT_RECORDED,
    SLOT_ASIDE,
} slot_state_t;

typedef struct {
    slot_state_t state;
    record_t record; /* of a recorded one, and of one that was set aside if it has a good record */
} slot_t;

/* Address in flash of the slot whose recorded module was read and found whole, NO_ADDRESS before. What
   is in a slot changes only by an update: the next one need not read it again. */
static atomic_uint whole = NO_ADDRESS;

static uint32_t record_check(const record_t *record)
{
    return esp_rom_crc32_le(0, (const uint8_t *)record, offsetof(record_t, check));
}

static bool is_record(const record_t *record, uint32_t capacity)
{
    return record->magic == RECORD_MAGIC && record->check == record_check(record)
           && record->size <= capacity;
}

/* Setting aside clears all bits; of a write that lost power, some are cleared. A record of which the
   write lost power has too many bits set, not too few. */
static bool is_cleared(uint32_t word, uint32_t magic)
{
    return word != magic && (word & ~magic) == 0;
}

static esp_err_t reject_flash(const hr_store_t *store, esp_err_t err, const char *what,
                              uint32_t offset, hr_report_t *report)
{
    return hr_reject(report, err, "partition %s: flash %s at offset 0x%" PRIx32 " failed (%s)",
                     store->partition->label, what, offset, esp_err_to_name(err));
}

/* The header of a module but for its first word. */
static bool is_header(const hr_elf_header_t *start)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    hr_elf_header_t whole = *start;
    hr_elf_header_t header;
    hr_report_t unused;
    memcpy(whole.ident, magic, sizeof(magic));
    return hr_image_check_header(&whole, sizeof(whole), &header, &unused) == ESP_OK;
}

static slot_t slot_of(uint32_t index, const record_t *record, const hr_elf_header_t *elf,
                      uint32_t capacity)
{
    uint32_t word = record->magic;
    record_t whole = *record;
    whole.magic = RECORD_MAGIC;
    bool recorded = is_record(&whole, capacity);
    if (word == RECORD_MAGIC && recorded) {
        return (slot_t) {SLOT_RECORDED, whole};
    }
    if (is_cleared(word, RECORD_MAGIC) && recorded) {
        return (slot_t) {SLOT_ASIDE, whole};
    }
    if (index == 0 && word == ELF_MAGIC) {
        return (slot_t) {.state = elf->flags != 0 ? SLOT_RAW : SLOT_RAW_SUPERSEDED};
    }
    if (index == 0 && is_cleared(word, ELF_MAGIC) && is_header(elf)) {
        return (slot_t) {.state = SLOT_ASIDE};
    }
    return (slot_t) {.state = word == BLANK ? SLOT_BLANK : SLOT_OTHER};
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
    *slot = slot_of(index, &start.record, &start.elf, hr_store_capacity(store));
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

/* ESP-IDF ends the program when a task with its stack in PSRAM uses the flash, be it to map it
   (cache_utils.c of spi_flash): the caches that the stack is behind are off meanwhile. */
static esp_err_t check_caller(hr_report_t *report)
{
    return hr_tasks_is_caller_in_psram()
               ? hr_reject(report, ESP_ERR_INVALID_STATE,
                           "the stack of the calling task lies in PSRAM, which cannot be used "
                           "together with the flash: call from a task with an internal stack")
               : ESP_OK;
}

esp_err_t hr_store_open(hr_store_t *store, const char *label, hr_report_t *report)
{
    esp_err_t err = check_caller(report);
    if (err != ESP_OK) {
        return err;
    }
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

static void set_whole(const hr_store_t *store, uint32_t slot)
{
    atomic_store(&whole, store->partition->address + slot);
}

static bool is_whole(const hr_store_t *store, uint32_t slot)
{
    return atomic_load(&whole) == store->partition->address + slot;
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
    view->slot = offset / store->slot_size * store->slot_size;
    memset(view->hash, 0, sizeof(view->hash));
    return ESP_OK;
}

static esp_err_t reject_hash(esp_err_t err, hr_report_t *report)
{
    return hr_reject(report, err, "no SHA-256 of the module (%s)", esp_err_to_name(err));
}

static esp_err_t hash_view(hr_store_view_t *view, hr_report_t *report)
{
    hr_sha256_t hash;
    esp_err_t err = hr_sha256_begin(&hash);
    if (err == ESP_OK) {
        err = hr_sha256_add(&hash, view->data, view->size);
        if (err == ESP_OK) {
            err = hr_sha256_end(&hash, view->hash);
        } else {
            hr_sha256_drop(&hash);
        }
    }
    return err == ESP_OK ? err : reject_hash(err, report);
}

static esp_err_t map_recorded(const hr_store_t *store, uint32_t slot, const record_t *record,
                              hr_store_view_t *view, hr_report_t *report)
{
    uint32_t offset = slot + HR_STORE_RECORD_SIZE;
    esp_err_t err = map(store, offset, record->size, view, report);
    if (err != ESP_OK) {
        return err;
    }
    err = hash_view(view, report);
    if (err == ESP_OK && memcmp(view->hash, record->hash, HR_SHA256_SIZE) != 0) {
        err = hr_reject(report, HOTRELOAD_ERR_STORE,
                        "partition %s: the %" PRIu32 " bytes at offset 0x%" PRIx32
                        " have SHA-256 %02x%02x..., not %02x%02x...", store->partition->label,
                        view->size, offset, view->hash[0], view->hash[1], record->hash[0],
                        record->hash[1]);
    }
    if (err != ESP_OK) {
        hr_store_unmap(view);
        return err;
    }
    view->sequence = record->sequence;
    set_whole(store, slot);
    return ESP_OK;
}

/* A raw ELF has no record: its headers tell where it ends. */
static esp_err_t map_raw(const hr_store_t *store, hr_store_view_t *view,
                                  hr_report_t *report)
{
    hr_image_t image;
    esp_err_t err = map(store, 0, store->slot_size, view, report);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_image_open(&image, view->data, view->size, report);
    if (err == ESP_OK) {
        view->size = image.extent;
        err = hash_view(view, report);
    }
    if (err != ESP_OK) {
        hr_store_unmap(view);
    }
    return err;
}

/* Index of the slot to look at first: the one with the newer record. */
static uint32_t newer_record(const slot_t slots[SLOTS])
{
    if (slots[0].state != SLOT_RECORDED) {
        return 1;
    }
    return slots[1].state == SLOT_RECORDED && slots[1].record.sequence > slots[0].record.sequence;
}

static bool has_aside(const slot_t slots[SLOTS])
{
    return slots[0].state == SLOT_ASIDE || slots[1].state == SLOT_ASIDE;
}

static esp_err_t map_slot(const hr_store_t *store, uint32_t index, const slot_t *slot,
                          hr_store_view_t *view, hr_report_t *report)
{
    if (slot->state != SLOT_RECORDED) {
        return map_raw(store, view, report);
    }
    return map_recorded(store, index * store->slot_size, &slot->record, view, report);
}

/* Slots that may have a complete module, the newest first. At last, what nobody knows in the first
   slot: a load shall tell what is wrong with it. */
static uint32_t candidates(const slot_t slots[SLOTS], uint32_t without, uint32_t found[SLOTS])
{
    static const slot_state_t ages[] = {SLOT_RAW, SLOT_RECORDED, SLOT_RAW_SUPERSEDED, SLOT_OTHER};
    uint32_t newer = newer_record(slots);
    uint32_t count = 0;
    for (size_t age = 0; age < sizeof(ages) / sizeof(ages[0]); age++) {
        for (uint32_t i = 0; i < SLOTS; i++) {
            uint32_t index = newer ^ i;
            bool known = slots[index].state != SLOT_OTHER || index == 0;
            if (slots[index].state == ages[age] && known && index != without) {
                found[count++] = index;
            }
        }
    }
    return count;
}

/* Errors of the component are about the module. Others, such as no memory for its hash or a flash
   that does not answer, are no judgement on it: it may be whole. */
static bool is_judgement(esp_err_t err)
{
    return err > HOTRELOAD_ERR_BASE && err < HOTRELOAD_ERR_BASE + 0x1000;
}

/* Maps the newest complete module; the error is that of the newest one. */
static esp_err_t map_newest(const hr_store_t *store, const slot_t slots[SLOTS], uint32_t without,
                            hr_store_view_t *view, hr_report_t *report)
{
    uint32_t found[SLOTS];
    uint32_t count = candidates(slots, without, found);
    esp_err_t first = hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module: partition %s %s",
                                store->partition->label,
                                has_aside(slots) ? "has only what was set aside"
                                : without == NO_SLOT ? "is blank" : "has no other");
    for (uint32_t i = 0; i < count; i++) {
        hr_report_t other;
        esp_err_t err = map_slot(store, found[i], &slots[found[i]], view,
                                 i == 0 ? report : &other);
        if (err == ESP_OK && i > 0) {
            ESP_LOGW(TAG, "the newest module is not complete, using the one before: %s",
                     report->message);
        }
        if (!is_judgement(err)) {
            if (err != ESP_OK && i > 0) {
                *report = other;
            }
            return err;
        }
        first = i == 0 ? err : first;
    }
    return first;
}

static esp_err_t map_without(const hr_store_t *store, uint32_t without, hr_store_view_t *view,
                             hr_report_t *report)
{
    slot_t slots[SLOTS];
    esp_err_t err = read_slots(store, slots, report);
    return err == ESP_OK ? map_newest(store, slots, without, view, report) : err;
}

esp_err_t hr_store_map(const hr_store_t *store, hr_store_view_t *view, hr_report_t *report)
{
    return map_without(store, NO_SLOT, view, report);
}

esp_err_t hr_store_map_previous(const hr_store_t *store, const hr_store_view_t *newest,
                                hr_store_view_t *view, hr_report_t *report)
{
    return map_without(store, newest->slot / store->slot_size, view, report);
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

/* The slot whose module stays while the other is written. */
static esp_err_t choose_slot(hr_store_update_t *update, const slot_t slots[SLOTS],
                             hr_report_t *report)
{
    const hr_store_t *store = update->store;
    uint32_t found[SLOTS];
    uint32_t stays = 0;
    uint32_t count = candidates(slots, NO_SLOT, found);
    if (count > 0 && slots[found[0]].state == SLOT_RECORDED
        && is_whole(store, found[0] * store->slot_size)) {
        stays = found[0] * store->slot_size;
    } else {
        hr_store_view_t view;
        esp_err_t err = map_newest(store, slots, NO_SLOT, &view, report);
        if (err != ESP_OK && !is_judgement(err)) {
            return err;
        }
        if (err == ESP_OK) {
            stays = view.slot;
            hr_store_unmap(&view);
        }
    }
    update->slot = stays == 0 ? store->slot_size : 0;
    return ESP_OK;
}

esp_err_t hr_store_begin(const hr_store_t *store, hr_store_update_t *update, hr_report_t *report)
{
    slot_t slots[SLOTS];
    if (store->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: it can be flashed but not updated",
                         store->partition->label);
    }
    update->store = store;
    esp_err_t err = read_slots(store, slots, report);
    if (err == ESP_OK) {
        err = choose_slot(update, slots, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    update->sequence = next_sequence(slots);
    update->supersedes_raw = slots[0].state == SLOT_RAW && update->slot != 0;
    update->size = 0;
    update->check = 0;
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
    update->check = esp_rom_crc32_le(update->check, update->chunk, size);
    return write_flash(update->store, "write", update->slot + at, update->chunk, size, report);
}

void *hr_store_room(hr_store_update_t *update, uint32_t *size)
{
    uint32_t used = update->size % sizeof(update->chunk);
    *size = sizeof(update->chunk) - used;
    return update->chunk + used;
}

esp_err_t hr_store_add(hr_store_update_t *update, uint32_t size, hr_report_t *report)
{
    uint32_t capacity = hr_store_capacity(update->store);
    if (size > capacity - update->size) {
        return hr_reject(report, ESP_ERR_INVALID_SIZE,
                         "the module is larger than the %" PRIu32 " bytes that partition %s holds",
                         capacity, update->store->partition->label);
    }
    update->size += size;
    return size > 0 && update->size % sizeof(update->chunk) == 0
               ? write_chunk(update, sizeof(update->chunk), report)
               : ESP_OK;
}

/* What can be read is what was written. */
static esp_err_t compare(const hr_store_update_t *update, const hr_store_view_t *view,
                         hr_report_t *report)
{
    uint32_t check = esp_rom_crc32_le(0, view->data, view->size);
    return check == update->check
               ? ESP_OK
               : hr_reject(report, HOTRELOAD_ERR_STORE,
                           "partition %s: the %" PRIu32 " bytes written to offset 0x%" PRIx32
                           " have CRC-32 %08" PRIx32 ", not %08" PRIx32 ": the flash is worn out, "
                           "or something else writes to it", update->store->partition->label,
                           view->size, update->slot + HR_STORE_RECORD_SIZE, check, update->check);
}

esp_err_t hr_store_map_update(hr_store_update_t *update, hr_store_view_t *view,
                              hr_report_t *report)
{
    uint32_t rest = update->size % sizeof(update->chunk);
    esp_err_t err = rest > 0 ? write_chunk(update, rest, report) : ESP_OK;
    if (err == ESP_OK) {
        err = map(update->store, update->slot + HR_STORE_RECORD_SIZE, update->size, view, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    err = compare(update, view, report);
    if (err == ESP_OK) {
        err = hash_view(view, report);
    }
    if (err != ESP_OK) {
        hr_store_unmap(view);
        return err;
    }
    memcpy(update->hash, view->hash, sizeof(update->hash));
    return ESP_OK;
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
    };
    memcpy(record.hash, update->hash, sizeof(record.hash));
    record.check = record_check(&record);
    esp_err_t err = write_flash(update->store, "commit", update->slot, &record, sizeof(record),
                                report);
    if (err == ESP_OK) {
        set_whole(update->store, update->slot);
    }
    return err;
}

esp_err_t hr_store_set_aside(const hr_store_t *store, uint32_t slot, hr_report_t *report)
{
    static const uint32_t none;
    if (store->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: nothing in it can be set aside",
                         store->partition->label);
    }
    return write_flash(store, "set_aside", slot, &none, sizeof(none), report);
}

esp_err_t hr_store_read_aside(const hr_store_t *store, hr_store_aside_t aside[HR_STORE_SLOTS],
                              uint32_t *count, hr_report_t *report)
{
    slot_t slots[SLOTS];
    esp_err_t err = read_slots(store, slots, report);
    *count = 0;
    for (uint32_t i = 0; err == ESP_OK && i < SLOTS; i++) {
        if (slots[i].state == SLOT_ASIDE) {
            hr_store_aside_t *found = &aside[(*count)++];
            found->hash_known = slots[i].record.magic == RECORD_MAGIC;
            memcpy(found->hash, slots[i].record.hash, sizeof(found->hash));
        }
    }
    return err;
}
