/* SPDX-License-Identifier: MIT */
/* Modules in a flash partition.

   The partition is halved into two slots, each a whole number of erase blocks. An update is written
   to the slot that is not current and becomes current by one last write, its record. So at any
   instant there is a complete module, and power may go.

   A slot starts with one of
   - an ELF header (first slot only): a raw ELF that was flashed from outside. It is newer than
     whatever is recorded, until an update takes its place and marks it;
   - a record: an ELF that an update wrote, HR_STORE_RECORD_SIZE bytes into the slot;
   - the same with bits of its first word cleared: it was set aside;
   - anything else: nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_partition.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

#define HR_STORE_SLOTS 2
#define HR_STORE_RECORD_SIZE 64
/* of one write: with three of them 5 KB are in flash, and an upload stays below 8 KB of RAM */
#define HR_STORE_CHUNK_SIZE 1792

typedef struct {
    const esp_partition_t *partition;
    uint32_t slot_size;
} hr_store_t;

/* A module in flash, readable in place until hr_store_unmap(). */
typedef struct {
    const uint8_t *data;
    uint32_t size; /* of the ELF */
    uint8_t hash[HR_SHA256_SIZE];
    uint32_t sequence; /* of its record; 0: raw */
    uint32_t slot; /* offset in the partition */
    esp_partition_mmap_handle_t handle;
} hr_store_view_t;

/* A module that was set aside. */
typedef struct {
    bool hash_known; /* a raw one has no record that would keep it */
    uint8_t hash[HR_SHA256_SIZE];
} hr_store_aside_t;

/* An update being written. */
typedef struct {
    const hr_store_t *store;
    uint32_t slot; /* offset in the partition */
    uint32_t sequence;
    bool supersedes_raw;
    uint32_t size;   /* of the ELF so far */
    uint32_t check;  /* CRC of what was written so far */
    uint8_t hash[HR_SHA256_SIZE]; /* of the whole */
    uint32_t erased; /* bytes of the slot */
    uint8_t chunk[HR_STORE_CHUNK_SIZE]; /* not yet in flash: the last size % sizeof(chunk) bytes */
} hr_store_update_t;

/* Finds the partition. */
esp_err_t hr_store_open(hr_store_t *store, const char *label, hr_report_t *report);

/* The largest ELF that an update can hold. */
uint32_t hr_store_capacity(const hr_store_t *store);

/* Maps the newest complete module. HOTRELOAD_ERR_NO_MODULE when there is none, or the error of the
   newest one when none is complete. */
esp_err_t hr_store_map(const hr_store_t *store, hr_store_view_t *view, hr_report_t *report);

/* Maps the module that would be the newest without the one of `view`. */
esp_err_t hr_store_map_previous(const hr_store_t *store, const hr_store_view_t *newest,
                                hr_store_view_t *view, hr_report_t *report);

void hr_store_unmap(hr_store_view_t *view);

/* Takes a module out of use for good, by one write of one word: it stays where it is, until an
   update is written over it. */
esp_err_t hr_store_set_aside(const hr_store_t *store, uint32_t slot, hr_report_t *report);

/* Tells which modules were set aside; at most `HR_STORE_SLOTS`. */
esp_err_t hr_store_read_aside(const hr_store_t *store, hr_store_aside_t aside[HR_STORE_SLOTS],
                              uint32_t *count, hr_report_t *report);

/* Chooses the slot to write. Nothing is erased yet, and nothing has to be undone. */
esp_err_t hr_store_begin(const hr_store_t *store, hr_store_update_t *update, hr_report_t *report);

/* Where the next bytes of the ELF are put, and how many there is room for, never 0. */
void *hr_store_room(hr_store_update_t *update, uint32_t *size);

/* Takes `size` bytes that were put there, erasing block by block as it comes to them. */
esp_err_t hr_store_add(hr_store_update_t *update, uint32_t size, hr_report_t *report);

/* Writes the rest and maps the whole, after comparing it with what was given. */
esp_err_t hr_store_map_update(hr_store_update_t *update, hr_store_view_t *view,
                              hr_report_t *report);

/* Makes the update current; hr_store_map_update() has to have succeeded. */
esp_err_t hr_store_commit(const hr_store_update_t *update, hr_report_t *report);
