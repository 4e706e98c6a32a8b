/* SPDX-License-Identifier: MIT */
#include "flash/hr_store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "esp_rom_crc.h"
#include "hotreload.h"
#include "elf/hr_image.h"
#include "flash/hr_starts.h"
#include "port/hr_caller.h"
#include "port/hr_lock.h"
#include "port/hr_trace.h"
#include "sdkconfig.h"

#define SLOTS HR_STORE_SLOTS
#define NO_ADDRESS 0xffffffffu

/* Marks are read, compared and written under it, and slots are chosen for updates. */
static hr_lock_t lock;
static uint32_t written_to = NO_ADDRESS; /* the slot that an update is being written to */
static uint32_t last_sequence; /* given since boot: an update that failed gives its own to no other */

/* Addresses of slots whose recorded module was read and found whole. What is in a slot changes only
   by an update: the next one need not read it again. */
static atomic_uint whole[SLOTS] = {NO_ADDRESS, NO_ADDRESS};

static esp_err_t reject_flash(const hr_store_t *store, esp_err_t err, const char *what,
                              uint32_t offset, hr_report_t *report)
{
    return hr_reject(report, err, "partition %s: flash %s at offset 0x%" PRIx32 " failed (%s)",
                     store->partition->label, what, offset, esp_err_to_name(err));
}

/* ESP-IDF ends the program when a task with its stack in PSRAM uses the flash, be it to map it
   (cache_utils.c of spi_flash): the caches that the stack is behind are off meanwhile. */
static esp_err_t check_caller(hr_report_t *report)
{
    return hr_caller_is_in_psram()
               ? hr_reject(report, ESP_ERR_INVALID_STATE,
                           "the stack of the calling task lies in PSRAM, which cannot be used "
                           "together with the flash: call from a task with an internal stack")
               : ESP_OK;
}

static hr_store_t store_in(const esp_partition_t *partition)
{
    uint32_t blocks = partition->size / partition->erase_size;
    return (hr_store_t) {partition, blocks / SLOTS * partition->erase_size};
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
    *store = store_in(partition);
    if (store->slot_size == 0) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s has %" PRIu32 " bytes, two erase blocks of %" PRIu32
                         " are needed", partition->label, partition->size, partition->erase_size);
    }
    return ESP_OK;
}

uint32_t hr_store_capacity(const hr_store_t *store)
{
    return store->slot_size - HR_SLOT_HEADER_SIZE;
}

/* In the partition. */
static uint32_t offset_of(const hr_store_t *store, uint32_t index)
{
    return index * store->slot_size;
}

/* In the flash chip. */
static uint32_t address_of(const hr_store_t *store, uint32_t index)
{
    return store->partition->address + offset_of(store, index);
}

static void set_whole(const hr_store_t *store, uint32_t index)
{
    atomic_store(&whole[index], address_of(store, index));
}

static bool is_whole(const hr_store_t *store, uint32_t index)
{
    return atomic_load(&whole[index]) == address_of(store, index);
}

static void forget_whole(uint32_t index)
{
    atomic_store(&whole[index], NO_ADDRESS);
}

/* Headers of slots as they were last read, under the lock. On a chip each read of the flash stops both
   cores and their caches. What is written here is read again, and a load reads all again: only then
   it counts what an application has written there by itself. */
static struct {
    uint32_t address; /* of the slot; NO_ADDRESS: not known */
    hr_slot_header_t header;
} headers[SLOTS] = {{.address = NO_ADDRESS}, {.address = NO_ADDRESS}};
static bool is_updated; /* since the last load: what it has to read was read for the update */

static void forget_header(uint32_t index)
{
    headers[index].address = NO_ADDRESS;
}

static void keep_header(const hr_store_t *store, uint32_t index, const hr_slot_header_t *header)
{
    headers[index].header = *header;
    headers[index].address = address_of(store, index);
}

/* Not kept of a slot that is being written to, as that is not done under the lock. */
static esp_err_t read_header(const hr_store_t *store, uint32_t index, hr_slot_header_t *header,
                             hr_report_t *report)
{
    uint32_t address = address_of(store, index);
    if (headers[index].address == address) {
        *header = headers[index].header;
        return ESP_OK;
    }
    uint32_t offset = offset_of(store, index);
    esp_err_t err = esp_partition_read(store->partition, offset, header, sizeof(*header));
    if (err != ESP_OK) {
        return reject_flash(store, err, "read", offset, report);
    }
    if (written_to != address) {
        keep_header(store, index, header);
    }
    return ESP_OK;
}

static hr_start_t last_start(const hr_store_t *store, uint32_t index, const hr_slot_t *slot)
{
    hr_start_t start = {.address = address_of(store, index), .starts = slot->starts};
    memcpy(start.hash, slot->hash, sizeof(start.hash));
    return start;
}

#ifdef CONFIG_HOTRELOAD_BOOT_GUARD

/* In an encrypted partition nothing can be marked, and each module is taken for ever. */
static bool has_starts(const hr_store_t *store, const hr_slot_t *slot)
{
    return slot->format == HR_SLOT_RECORDED && slot->state == HR_SLOT_WRITTEN
           && !store->partition->encrypted;
}

static bool has_yielded(const hr_store_t *store, uint32_t index, const hr_slot_t *slot)
{
    if (!has_starts(store, slot) || slot->starts == 0) {
        return false;
    }
    hr_start_t last = last_start(store, index, slot);
    return slot->starts - hr_starts_is_open(&last) >= CONFIG_HOTRELOAD_TRIAL_STARTS;
}

#else

static bool has_starts(const hr_store_t *store, const hr_slot_t *slot)
{
    (void)store;
    (void)slot;
    return false;
}

static bool has_yielded(const hr_store_t *store, uint32_t index, const hr_slot_t *slot)
{
    (void)store;
    (void)index;
    (void)slot;
    return false;
}

#endif

static esp_err_t read_slot(const hr_store_t *store, uint32_t index, hr_slot_t *slot,
                           hr_report_t *report)
{
    hr_slot_header_t header;
    const hr_identity_t firmware = hr_firmware_identity();
    esp_err_t err = read_header(store, index, &header, report);
    if (err != ESP_OK) {
        return err;
    }
    *slot = hr_slot_parse(&header, index == 0, store->slot_size, &firmware);
    if (has_yielded(store, index, slot)) {
        slot->state = HR_SLOT_YIELDED;
    }
    return ESP_OK;
}

static esp_err_t read_slots_locked(const hr_store_t *store, hr_slot_t slots[SLOTS],
                                   hr_report_t *report)
{
    esp_err_t err = ESP_OK;
    for (uint32_t i = 0; err == ESP_OK && i < SLOTS; i++) {
        err = read_slot(store, i, &slots[i], report);
    }
    return err;
}

static esp_err_t read_slots(const hr_store_t *store, hr_slot_t slots[SLOTS], hr_report_t *report)
{
    hr_lock_take(&lock);
    esp_err_t err = read_slots_locked(store, slots, report);
    hr_lock_give(&lock);
    return err;
}

/* ---- what is in flash, from the newest on ---- */

static bool is_newer(const hr_slot_t *slot, const hr_slot_t *other)
{
    if (hr_slot_has_module(slot) != hr_slot_has_module(other)) {
        return hr_slot_has_module(slot);
    }
    return slot->age > other->age;
}

/* `order` has their indices, the newest first. */
static esp_err_t read_in_order(const hr_store_t *store, hr_slot_t slots[SLOTS],
                               uint8_t order[SLOTS], hr_report_t *report)
{
    esp_err_t err = read_slots(store, slots, report);
    if (err == ESP_OK) {
        order[0] = is_newer(&slots[1], &slots[0]);
        order[1] = !order[0];
    }
    return err;
}

static hr_origin_t origin_of(const hr_store_t *store, uint32_t index, const hr_slot_t *slot)
{
    hr_origin_t origin = {
        .partition = store->partition,
        .slot = index,
        .sequence = slot->flashed ? HR_SLOT_FLASHED : slot->sequence,
    };
    memcpy(origin.hash, slot->hash, sizeof(origin.hash));
    return origin;
}

esp_err_t hr_store_list(const hr_store_t *store, hr_slot_info_t info[HR_STORE_SLOTS],
                        hr_report_t *report)
{
    hr_slot_t slots[SLOTS];
    uint8_t order[SLOTS];
    esp_err_t err = read_in_order(store, slots, order, report);
    if (err != ESP_OK) {
        return err;
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        const hr_slot_t *slot = &slots[order[i]];
        bool recorded = hr_slot_has_module(slot) && slot->format != HR_SLOT_RAW;
        info[i] = (hr_slot_info_t) {
            .state = slot->state,
            .origin = origin_of(store, order[i], slot),
            .size = slot->size,
            .sequence = slot->sequence,
            .starts = slot->starts,
            .hash_known = recorded,
            .newest = i == 0 && hr_slot_has_module(slot),
        };
    }
    return ESP_OK;
}

bool hr_store_is_judgement(esp_err_t err)
{
    return err > HOTRELOAD_ERR_BASE && err < HOTRELOAD_ERR_BASE + 0x1000;
}

/* Maps the slot up to the end of the ELF, which begins at `at` in it. */
static esp_err_t map(const hr_store_t *store, uint32_t index, uint32_t at, uint32_t size,
                     hr_store_view_t *view, hr_report_t *report)
{
    const void *data;
    uint32_t offset = offset_of(store, index);
    esp_err_t err = esp_partition_mmap(store->partition, offset, at + size,
                                       ESP_PARTITION_MMAP_DATA, &data, &view->handle);
    if (err != ESP_OK) {
        return reject_flash(store, err, "mmap", offset, report);
    }
    view->data = (const uint8_t *)data + at;
    view->size = size;
    view->origin = (hr_origin_t) {.partition = store->partition, .slot = index};
    return ESP_OK;
}

void hr_store_unmap(hr_store_view_t *view)
{
    esp_partition_munmap(view->handle);
}

static esp_err_t hash_view(hr_store_view_t *view, hr_report_t *report)
{
    esp_err_t err = hr_sha256(view->data, view->size, view->origin.hash);
    return err == ESP_OK
               ? err
               : hr_reject(report, err, "no SHA-256 of the module (%s)", esp_err_to_name(err));
}

/* Enough for what was confirmed: its SHA-256 was right when it was written, and it has run. That it
   is wrong only the SHA-256 can tell, as the CRC-32 itself may be damaged. */
static bool is_as_confirmed(const hr_slot_t *slot, const hr_store_view_t *view)
{
    return slot->state == HR_SLOT_CONFIRMED && slot->elf_crc != HR_SLOT_NO_CRC
           && esp_rom_crc32_le(0, view->data, view->size) == slot->elf_crc;
}

static esp_err_t check_content(const hr_store_t *store, uint32_t index, const hr_slot_t *slot,
                               hr_store_view_t *view, hr_report_t *report)
{
    if (is_as_confirmed(slot, view)) {
        memcpy(view->origin.hash, slot->hash, sizeof(view->origin.hash));
        return ESP_OK;
    }
    esp_err_t err = hash_view(view, report);
    if (err == ESP_OK && memcmp(view->origin.hash, slot->hash, HR_SHA256_SIZE) != 0) {
        err = hr_reject(report, HOTRELOAD_ERR_STORE,
                        "partition %s: the %" PRIu32 " bytes at offset 0x%" PRIx32
                        " have SHA-256 %02x%02x..., not %02x%02x...", store->partition->label,
                        view->size, offset_of(store, index) + slot->elf_offset,
                        view->origin.hash[0], view->origin.hash[1], slot->hash[0], slot->hash[1]);
    }
    return err;
}

static esp_err_t map_recorded(const hr_store_t *store, uint32_t index, const hr_slot_t *slot,
                              hr_store_view_t *view, hr_report_t *report)
{
    esp_err_t err = map(store, index, slot->elf_offset, slot->size, view, report);
    if (err != ESP_OK) {
        return err;
    }
    err = check_content(store, index, slot, view, report);
    if (err != ESP_OK) {
        hr_store_unmap(view);
        return err;
    }
    view->origin.sequence = slot->flashed ? HR_SLOT_FLASHED : slot->sequence;
    set_whole(store, index);
    return ESP_OK;
}

/* A raw ELF has no record: its headers tell where it ends. */
static esp_err_t map_raw(const hr_store_t *store, uint32_t index, hr_store_view_t *view,
                         hr_report_t *report)
{
    hr_image_t image;
    esp_err_t err = map(store, index, 0, store->slot_size, view, report);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_image_open(&image, view->data, view->size, report);
    if (err == ESP_OK) {
        view->size = image.extent;
        view->origin.sequence = HR_SLOT_FLASHED;
        err = hash_view(view, report);
    }
    if (err != ESP_OK) {
        hr_store_unmap(view);
    }
    return err;
}

static esp_err_t map_slot(const hr_store_t *store, uint32_t index, const hr_slot_t *slot,
                          hr_store_view_t *view, hr_report_t *report)
{
    return slot->format == HR_SLOT_RAW ? map_raw(store, index, view, report)
                                       : map_recorded(store, index, slot, view, report);
}

static void forget_headers(void)
{
    hr_lock_take(&lock);
    for (uint32_t i = 0; !is_updated && i < SLOTS; i++) {
        forget_header(i);
    }
    is_updated = false;
    hr_lock_give(&lock);
}

esp_err_t hr_candidates_begin(hr_candidates_t *candidates, const hr_store_t *store,
                              hr_report_t *report)
{
    candidates->store = store;
    candidates->passed = NULL;
    candidates->next = 0;
    candidates->first_error = ESP_OK;
    forget_headers();
    return read_in_order(store, candidates->slots, candidates->order, report);
}

static void pass(hr_candidates_t *candidates, uint32_t index, const uint8_t *hash, esp_err_t err,
                 const hr_report_t *report)
{
    if (candidates->first_error == ESP_OK) {
        candidates->first_error = err;
        candidates->first_report = *report;
    }
    if (candidates->passed != NULL) {
        candidates->passed(index, hash, err, report);
    }
}

void hr_candidates_pass(hr_candidates_t *candidates, const hr_store_view_t *view, esp_err_t err,
                        const hr_report_t *report)
{
    pass(candidates, view->origin.slot, view->origin.hash, err, report);
}

static esp_err_t reject_other(const hr_slot_t *slot, uint32_t index, const char *label,
                              hr_report_t *report)
{
    char own[HR_IDENTITY_TEXT_SIZE];
    const hr_identity_t identity = hr_firmware_identity();
    hr_identity_to_text(&identity, own);
    if (slot->format != HR_SLOT_RECORDED) {
        report->module_firmware[0] = 0;
        return hr_reject(report, HOTRELOAD_ERR_IDENTITY,
                         "the module in slot %" PRIu32 " of partition %s is another firmware's, not "
                         "of %s", index, label, own);
    }
    hr_identity_to_text(&slot->firmware, report->module_firmware);
    return hr_reject(report, HOTRELOAD_ERR_IDENTITY,
                     "slot %" PRIu32 " of partition %s: the module is for the firmware %s, this "
                     "one is %s", index, label, report->module_firmware, own);
}

/* Why a slot's module is not taken, as far as the slot itself tells. */
static esp_err_t check_state(const hr_store_t *store, uint32_t index, const hr_slot_t *slot,
                             hr_report_t *report)
{
    const char *label = store->partition->label;
    if (written_to == address_of(store, index)) {
        return hr_reject(report, HOTRELOAD_ERR_BUSY,
                         "an update is being written to slot %" PRIu32 " of partition %s", index,
                         label);
    }
    switch (slot->state) {
    case HR_SLOT_DAMAGED:
        return hr_reject(report, HOTRELOAD_ERR_STORE,
                         "slot %" PRIu32 " of partition %s begins with nothing that is known",
                         index, label);
    case HR_SLOT_BAD:
        return hr_reject(report, HOTRELOAD_ERR_MARKED_BAD,
                         "the module in slot %" PRIu32 " of partition %s was marked bad", index,
                         label);
    case HR_SLOT_YIELDED:
        return hr_reject(report, HOTRELOAD_ERR_YIELDED,
                         "the module in slot %" PRIu32 " of partition %s was started %" PRIu32
                         " times and never confirmed", index, label, slot->starts);
    case HR_SLOT_OTHER:
        return reject_other(slot, index, label, report);
    default:
        return ESP_OK;
    }
}

static esp_err_t reject_no_other(const hr_candidates_t *candidates, hr_report_t *report)
{
    const char *label = candidates->store->partition->label;
    return candidates->first_error == ESP_OK
               ? hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module: partition %s is blank",
                           label)
               : hr_reject(report, HOTRELOAD_ERR_NO_MODULE, "no module: %s",
                           candidates->first_report.message);
}

esp_err_t hr_candidates_next(hr_candidates_t *candidates, hr_store_view_t *view,
                             hr_report_t *report)
{
    while (candidates->next < SLOTS) {
        uint32_t index = candidates->order[candidates->next++];
        const hr_slot_t *slot = &candidates->slots[index];
        if (slot->state == HR_SLOT_BLANK) {
            continue;
        }
        esp_err_t err = check_state(candidates->store, index, slot, report);
        if (err == ESP_OK) {
            err = map_slot(candidates->store, index, slot, view, report);
        }
        if (err == ESP_OK || !hr_store_is_judgement(err)) {
            return err;
        }
        bool recorded = hr_slot_has_module(slot) && slot->format != HR_SLOT_RAW;
        pass(candidates, index, recorded ? slot->hash : NULL, err, report);
    }
    return reject_no_other(candidates, report);
}

/* ---- marks ---- */

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

/* A mark that the flash does not keep is none. The word is at `at` in the slot's header. */
static esp_err_t write_mark(const hr_store_t *store, const char *op, uint32_t index, size_t at,
                            uint32_t value, hr_report_t *report)
{
    hr_slot_header_t header;
    uint32_t kept;
    uint32_t offset = offset_of(store, index) + (uint32_t)at;
    forget_header(index);
    esp_err_t err = write_flash(store, op, offset, &value, sizeof(value), report);
    if (err == ESP_OK) {
        err = read_header(store, index, &header, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    memcpy(&kept, (const uint8_t *)&header + at, sizeof(kept));
    return kept == value ? ESP_OK
                         : hr_reject(report, HOTRELOAD_ERR_STORE,
                                     "partition %s: the word at offset 0x%" PRIx32 " is 0x%08" PRIx32
                                     ", not 0x%08" PRIx32 " as written: the flash is worn out",
                                     store->partition->label, offset, kept, value);
}

static bool is_same(const hr_slot_t *slot, const hr_origin_t *origin)
{
    if (!hr_slot_has_module(slot) || slot->flashed != (origin->sequence == HR_SLOT_FLASHED)) {
        return false;
    }
    if (slot->format == HR_SLOT_RAW) {
        return true; /* as far as can be told without reading it */
    }
    return (slot->flashed || slot->sequence == origin->sequence)
           && memcmp(slot->hash, origin->hash, HR_SHA256_SIZE) == 0;
}

static esp_err_t reject_changed(const hr_origin_t *origin, hr_report_t *report)
{
    return hr_reject(report, HOTRELOAD_ERR_STORE,
                     "slot %" PRIu32 " of partition %s does not hold the module any more: "
                     "an update was written there", origin->slot, origin->partition->label);
}

static esp_err_t find(const hr_store_t *store, const hr_origin_t *origin, hr_slot_t *slot,
                      hr_report_t *report)
{
    if (written_to == address_of(store, origin->slot)) {
        return hr_reject(report, HOTRELOAD_ERR_BUSY,
                         "an update is being written to slot %" PRIu32 " of partition %s",
                         origin->slot, store->partition->label);
    }
    esp_err_t err = read_slot(store, origin->slot, slot, report);
    return err != ESP_OK || is_same(slot, origin) ? err : reject_changed(origin, report);
}

/* What a function does to the slot of a module, under the lock. */
typedef esp_err_t (*change_t)(const hr_store_t *store, const hr_origin_t *origin,
                              const hr_slot_t *slot, hr_report_t *report);

static esp_err_t change(const hr_origin_t *origin, change_t function, hr_report_t *report)
{
    hr_slot_t slot;
    hr_store_t store = store_in(origin->partition);
    esp_err_t err = check_caller(report);
    if (err != ESP_OK) {
        return err;
    }
    hr_lock_take(&lock);
    err = find(&store, origin, &slot, report);
    if (err == ESP_OK) {
        err = function(&store, origin, &slot, report);
    }
    hr_lock_give(&lock);
    return err;
}

static esp_err_t check_markable(const hr_store_t *store, const hr_slot_t *slot,
                                hr_report_t *report)
{
    if (store->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: nothing in it can be marked",
                         store->partition->label);
    }
    if (slot->format != HR_SLOT_RECORDED) {
        return hr_reject(report, ESP_ERR_NOT_SUPPORTED,
                         "the module was flashed as a raw ELF, of which nothing can be kept: "
                         "flash it with `idf.py hotreload-flash`, or upload it");
    }
    return ESP_OK;
}

/* In the slot's header, of a word of its life. */
static size_t word_of(const hr_slot_t *slot, size_t word)
{
    return offsetof(hr_slot_header_t, lives) + slot->life * sizeof(hr_slot_life_t) + word;
}

static esp_err_t count_start(const hr_store_t *store, const hr_origin_t *origin,
                             const hr_slot_t *slot, hr_report_t *report)
{
    hr_start_t start = last_start(store, origin->slot, slot);
    if (!has_starts(store, slot)) {
        return ESP_OK;
    }
    esp_err_t err = ESP_OK;
    uint32_t begun = slot->begun & (slot->begun - 1); /* without its lowest bit */
    if (begun != slot->begun && (slot->starts == 0 || !hr_starts_is_open(&start))) {
        err = write_mark(store, "start", origin->slot,
                         word_of(slot, offsetof(hr_slot_life_t, begun)), begun, report);
        start.starts++;
    }
    if (err == ESP_OK) {
        hr_starts_open(&start);
    }
    return err;
}

static esp_err_t confirm(const hr_store_t *store, const hr_origin_t *origin, const hr_slot_t *slot,
                         hr_report_t *report)
{
    esp_err_t err = check_markable(store, slot, report);
    if (err != ESP_OK || slot->state == HR_SLOT_CONFIRMED) {
        return err;
    }
    if (slot->state == HR_SLOT_BAD) {
        return hr_reject(report, ESP_ERR_INVALID_STATE,
                         "the module was marked bad: only hotreload_retry() takes that back");
    }
    return write_mark(store, "confirm", origin->slot,
                      word_of(slot, offsetof(hr_slot_life_t, confirmed)), 0, report);
}

/* A raw ELF has no hash in flash: it is made. Its first word goes: no load knows it any more. */
static esp_err_t mark_raw_bad(const hr_store_t *store, const hr_origin_t *origin,
                              hr_report_t *report)
{
    hr_store_view_t view;
    esp_err_t err = map_raw(store, origin->slot, &view, report);
    if (err != ESP_OK) {
        return err;
    }
    bool same = memcmp(view.origin.hash, origin->hash, HR_SHA256_SIZE) == 0;
    hr_store_unmap(&view);
    return same ? write_mark(store, "bad", origin->slot, 0, 0, report)
                : reject_changed(origin, report);
}

static esp_err_t make_bad(const hr_store_t *store, const hr_origin_t *origin,
                          const hr_slot_t *slot, hr_report_t *report)
{
    if (slot->marked_bad) {
        return ESP_OK;
    }
    if (slot->format == HR_SLOT_RAW && !store->partition->encrypted) {
        return mark_raw_bad(store, origin, report);
    }
    esp_err_t err = check_markable(store, slot, report);
    return err != ESP_OK ? err
                         : write_mark(store, "bad", origin->slot,
                                      word_of(slot, offsetof(hr_slot_life_t, bad)), 0, report);
}

static esp_err_t begin_next_life(const hr_store_t *store, const hr_origin_t *origin,
                                 const hr_slot_t *slot, hr_report_t *report)
{
    esp_err_t err = check_markable(store, slot, report);
    if (err != ESP_OK) {
        return err;
    }
    if (slot->life == HR_SLOT_LIVES - 1) {
        return hr_reject(report, HOTRELOAD_ERR_UNDO_USED_UP,
                         "the module in slot %" PRIu32 " of partition %s was given %u more chances "
                         "already: upload it again", origin->slot, store->partition->label,
                         HR_SLOT_LIVES - 1);
    }
    return write_mark(store, "undo", origin->slot,
                      word_of(slot, offsetof(hr_slot_life_t, ended)), 0, report);
}

esp_err_t hr_store_mark_start(const hr_origin_t *origin, hr_report_t *report)
{
    return change(origin, count_start, report);
}

esp_err_t hr_store_mark_confirmed(const hr_origin_t *origin, hr_report_t *report)
{
    return change(origin, confirm, report);
}

esp_err_t hr_store_mark_bad(const hr_origin_t *origin, hr_report_t *report)
{
    return change(origin, make_bad, report);
}

esp_err_t hr_store_undo(const hr_origin_t *origin, hr_report_t *report)
{
    return change(origin, begin_next_life, report);
}

esp_err_t hr_store_retry(const hr_store_t *store, hr_report_t *report)
{
    hr_slot_t slots[SLOTS];
    uint8_t order[SLOTS];
    esp_err_t err = read_in_order(store, slots, order, report);
    if (err != ESP_OK) {
        return err;
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        const hr_slot_t *slot = &slots[order[i]];
        if (slot->state != HR_SLOT_BAD && slot->state != HR_SLOT_YIELDED) {
            continue;
        }
        if (slot->format == HR_SLOT_RAW) {
            return hr_reject(report, HOTRELOAD_ERR_UNDO_USED_UP,
                             "the module in slot %u of partition %s was flashed as a raw ELF, which "
                             "is bad for good: flash it again", order[i], store->partition->label);
        }
        const hr_origin_t origin = origin_of(store, order[i], slot);
        return hr_store_undo(&origin, report);
    }
    return hr_reject(report, HOTRELOAD_ERR_NOTHING_TO_UNDO,
                     "no module in partition %s was marked bad or has yielded",
                     store->partition->label);
}

esp_err_t hr_store_state(const hr_origin_t *origin, hr_slot_state_t *state, hr_report_t *report)
{
    hr_slot_t slot;
    hr_store_t store = store_in(origin->partition);
    esp_err_t err = check_caller(report);
    if (err != ESP_OK) {
        return err;
    }
    hr_lock_take(&lock);
    err = find(&store, origin, &slot, report);
    hr_lock_give(&lock);
    *state = err == ESP_OK ? slot.state : HR_SLOT_DAMAGED;
    return err;
}

void hr_store_leave(const hr_origin_t *origin)
{
    if (origin->partition != NULL) {
        hr_store_t store = store_in(origin->partition);
        hr_lock_take(&lock);
        hr_starts_leave(address_of(&store, origin->slot));
        hr_lock_give(&lock);
    }
}

/* ---- updates ---- */

/* What an update costs when it is written over a slot: the lowest goes first. */
static uint32_t worth(const hr_slot_t *slot)
{
    if (!hr_slot_has_module(slot)) {
        return 0;
    }
    if (slot->marked_bad) {
        return 1;
    }
    switch (slot->state) {
    case HR_SLOT_YIELDED:
        return 2;
    case HR_SLOT_WRITTEN:
        return 3;
    case HR_SLOT_OTHER:
        return 4;
    default:
        return 5;
    }
}

/* Of two that are worth the same: the newer one of unproven ones, so that a developer's uploads use
   one slot again and again, else the older one. Blank ones: the second, where flashing is not. */
static uint32_t choose_victim(const hr_slot_t slots[SLOTS])
{
    if (worth(&slots[0]) != worth(&slots[1])) {
        return worth(&slots[1]) < worth(&slots[0]);
    }
    if (!hr_slot_has_module(&slots[0])) {
        return 1;
    }
    return is_newer(&slots[1], &slots[0]) == (slots[0].state == HR_SLOT_WRITTEN);
}

/* A slot that stays because of its module has to have it, which only reading it can tell. */
static esp_err_t check_whole(const hr_store_t *store, uint32_t index, hr_slot_t *slot,
                             hr_report_t *report)
{
    hr_store_view_t view;
    if (!hr_slot_has_module(slot) || slot->marked_bad || is_whole(store, index)) {
        return ESP_OK;
    }
    esp_err_t err = map_slot(store, index, slot, &view, report);
    if (err == ESP_OK) {
        hr_store_unmap(&view);
    } else if (hr_store_is_judgement(err)) {
        *slot = (hr_slot_t) {.state = HR_SLOT_DAMAGED};
        err = ESP_OK;
    }
    return err;
}

static uint32_t next_sequence(const hr_slot_t slots[SLOTS])
{
    uint32_t highest = last_sequence;
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (hr_slot_has_module(&slots[i]) && !slots[i].flashed && slots[i].sequence > highest) {
            highest = slots[i].sequence;
        }
    }
    return highest + 1;
}

/* Under the lock: what is chosen cannot be confirmed meanwhile. `stays` was found damaged when that
   is all that is known of it. */
static void choose(hr_store_update_t *update, const hr_slot_t slots[SLOTS])
{
    const hr_store_t *store = update->store;
    update->slot = choose_victim(slots);
    const hr_slot_t *stays = &slots[!update->slot];
    update->sequence = next_sequence(slots);
    update->supersedes = hr_slot_has_module(stays) && stays->sequence == HR_SLOT_FLASHED;
    update->chosen = true;
    last_sequence = update->sequence;
    written_to = address_of(store, update->slot);
    forget_whole(update->slot);
    forget_header(update->slot);
}

esp_err_t hr_store_choose(hr_store_update_t *update, hr_report_t *report)
{
    const hr_store_t *store = update->store;
    hr_slot_t slots[SLOTS];
    hr_lock_take(&lock);
    esp_err_t err = read_slots_locked(store, slots, report);
    if (err == ESP_OK) {
        uint32_t stays = !choose_victim(slots);
        err = check_whole(store, stays, &slots[stays], report);
    }
    if (err == ESP_OK) {
        choose(update, slots);
    }
    hr_lock_give(&lock);
    return err;
}

esp_err_t hr_store_begin(const hr_store_t *store, hr_store_update_t *update, hr_report_t *report)
{
    update->store = store;
    update->chosen = false;
    update->size = 0;
    update->crc = 0;
    update->erased = 0;
    return store->partition->encrypted
               ? hr_reject(report, HOTRELOAD_ERR_PARTITION,
                           "partition %s is encrypted: it can be flashed but not updated",
                           store->partition->label)
               : ESP_OK;
}

static esp_err_t erase_up_to(hr_store_update_t *update, uint32_t end, hr_report_t *report)
{
    const hr_store_t *store = update->store;
    uint32_t block = store->partition->erase_size;
    while (update->erased < end) {
        uint32_t offset = offset_of(store, update->slot) + update->erased;
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

/* The bytes in `chunk` are the last ones of the ELF so far. */
static esp_err_t write_chunk(hr_store_update_t *update, uint32_t size, hr_report_t *report)
{
    uint32_t at = HR_SLOT_HEADER_SIZE + update->size - size;
    esp_err_t err = erase_up_to(update, at + size, report);
    if (err != ESP_OK) {
        return err;
    }
    update->crc = esp_rom_crc32_le(update->crc, update->chunk, size);
    return write_flash(update->store, "write", offset_of(update->store, update->slot) + at,
                       update->chunk, size, report);
}

void *hr_store_room(hr_store_update_t *update, uint32_t *size)
{
    uint32_t used = update->size % update->chunk_size;
    *size = update->chunk_size - used;
    return update->chunk + used;
}

bool hr_store_is_first_write(const hr_store_update_t *update, uint32_t size)
{
    return !update->chosen && update->size + size >= update->chunk_size;
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
    return size > 0 && update->size % update->chunk_size == 0
               ? write_chunk(update, update->chunk_size, report)
               : ESP_OK;
}

/* What can be read is what was written. */
static esp_err_t compare(const hr_store_update_t *update, const hr_store_view_t *view,
                         hr_report_t *report)
{
    uint32_t crc = esp_rom_crc32_le(0, view->data, view->size);
    return crc == update->crc
               ? ESP_OK
               : hr_reject(report, HOTRELOAD_ERR_STORE,
                           "partition %s: the %" PRIu32 " bytes written to offset 0x%" PRIx32
                           " have CRC-32 %08" PRIx32 ", not %08" PRIx32 ": the flash is worn out, "
                           "or something else writes to it", update->store->partition->label,
                           view->size,
                           offset_of(update->store, update->slot) + HR_SLOT_HEADER_SIZE, crc,
                           update->crc);
}

esp_err_t hr_store_map_update(hr_store_update_t *update, hr_store_view_t *view,
                              hr_report_t *report)
{
    uint32_t rest = update->size % update->chunk_size;
    esp_err_t err = rest > 0 ? write_chunk(update, rest, report) : ESP_OK;
    if (err == ESP_OK) {
        err = map(update->store, update->slot, HR_SLOT_HEADER_SIZE, update->size, view, report);
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
    memcpy(update->hash, view->origin.hash, sizeof(update->hash));
    return ESP_OK;
}

/* What was flashed is older from now on. Flashing it again brings back what is programmed here. */
static esp_err_t supersede(const hr_store_update_t *update, hr_report_t *report)
{
    const hr_store_t *store = update->store;
    uint32_t other = !update->slot;
    hr_slot_t slot;
    esp_err_t err = read_slot(store, other, &slot, report);
    if (err != ESP_OK) {
        return err;
    }
    size_t word = slot.format == HR_SLOT_RAW ? offsetof(hr_elf_header_t, flags)
                                             : offsetof(hr_slot_record_t, sequence);
    return write_mark(store, "supersede", other, word, 0, report);
}

/* What is mapped of the flash is what it has kept. */
static esp_err_t write_header(const hr_store_update_t *update, const hr_store_view_t *view,
                              hr_report_t *report)
{
    const hr_store_t *store = update->store;
    const hr_identity_t firmware = hr_firmware_identity();
    uint32_t offset = offset_of(store, update->slot);
    hr_slot_header_t header = hr_slot_header(update->sequence, update->size, update->hash,
                                             update->crc, &firmware);
    esp_err_t err = write_flash(store, "commit", offset, &header, sizeof(header), report);
    if (err != ESP_OK) {
        return err;
    }
    const uint8_t *kept = view->data - HR_SLOT_HEADER_SIZE;
    if (memcmp(kept, &header.record, sizeof(header.record)) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_STORE,
                         "partition %s: the record at offset 0x%" PRIx32 " is not as it was "
                         "written: the flash is worn out", store->partition->label, offset);
    }
    memcpy(&header, kept, sizeof(header)); /* without its CRC-32 it is an update as well */
    keep_header(store, update->slot, &header);
    is_updated = true;
    return ESP_OK;
}

esp_err_t hr_store_commit(const hr_store_update_t *update, const hr_store_view_t *view,
                          hr_report_t *report)
{
    hr_lock_take(&lock);
    /* in this order: between the two a superseded module without a newer one is still used */
    esp_err_t err = update->supersedes ? supersede(update, report) : ESP_OK;
    if (err == ESP_OK) {
        err = write_header(update, view, report);
    }
    if (err == ESP_OK) {
        set_whole(update->store, update->slot);
    }
    hr_lock_give(&lock);
    return err;
}

void hr_store_end(void)
{
    hr_lock_take(&lock);
    written_to = NO_ADDRESS;
    hr_lock_give(&lock);
}
