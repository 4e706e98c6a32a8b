/* SPDX-License-Identifier: MIT */
/* Modules in a flash partition: which ones a load may take, and where an update goes.

   The partition is halved into two slots (flash/hr_slot.h), each a whole number of erase blocks. An
   update is written to one of them and is there by one last write, its header. So at any instant the
   module in the other slot is complete, and power may go.

   Which slot an update may overwrite: one with nothing that would ever be loaded first (blank,
   damaged, bad, yielded); then one with an unproven module of this firmware, the newer of two; then
   one with another firmware's, the older of two; then the older of two confirmed ones. So the last
   module of this firmware that was confirmed is never overwritten. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_partition.h"
#include "flash/hr_slot.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

#define HR_STORE_SLOTS 2
typedef struct {
    const esp_partition_t *partition;
    uint32_t slot_size;
} hr_store_t;

/* Which module in flash: enough to find it again, and to see that it is still the same. */
typedef struct {
    const esp_partition_t *partition; /* NULL: none, it came from RAM */
    uint32_t slot;                    /* index */
    uint32_t sequence;                /* HR_SLOT_FLASHED: of one that was flashed, superseded or not */
    uint8_t hash[HR_SHA256_SIZE];
} hr_origin_t;

/* A module in flash, readable in place until hr_store_unmap(). */
typedef struct {
    const uint8_t *data;
    uint32_t size; /* of the ELF */
    hr_origin_t origin;
    esp_partition_mmap_handle_t handle;
} hr_store_view_t;

typedef struct {
    hr_slot_state_t state;
    hr_origin_t origin; /* of the module, if there is one; the hash of a raw ELF is zero */
    uint32_t size; /* 0: not known without reading a raw ELF, or no module */
    uint32_t sequence;
    uint32_t starts; /* that were counted since it was written or last given another chance */
    bool hash_known;
    bool newest; /* of all that have a module */
} hr_slot_info_t;

/* Finds the partition. */
esp_err_t hr_store_open(hr_store_t *store, const char *label, hr_report_t *report);

/* The largest ELF that an update can hold. */
uint32_t hr_store_capacity(const hr_store_t *store);

/* What the slots say, the newest first; nothing of the modules is read. */
esp_err_t hr_store_list(const hr_store_t *store, hr_slot_info_t info[HR_STORE_SLOTS],
                        hr_report_t *report);

/* Whether an error is about a module. Others, such as no memory for its hash or a flash that does
   not answer, are no judgement on it: it may be whole. */
bool hr_store_is_judgement(esp_err_t err);

/* Told about a module that is not taken: its slot, its hash or NULL, and why. */
typedef void (*hr_store_passed_t)(uint32_t slot, const uint8_t *hash, esp_err_t err,
                                  const hr_report_t *report);

/* The modules that a load may take, one after the other. */
typedef struct {
    const hr_store_t *store;
    hr_store_passed_t passed; /* NULL, or set after hr_candidates_begin() */
    hr_slot_t slots[HR_STORE_SLOTS];
    uint8_t order[HR_STORE_SLOTS]; /* indices, the newest first */
    uint32_t next;                 /* in `order` */
    esp_err_t first_error;         /* of the first one that was passed over; ESP_OK: none was */
    hr_report_t first_report;
} hr_candidates_t;

/* Reads the slots. Inside an operation, like hr_candidates_next(): no slot may be chosen for writing
   while its module is read. */
esp_err_t hr_candidates_begin(hr_candidates_t *candidates, const hr_store_t *store,
                              hr_report_t *report);

/* Maps the next module, the newest first, that is whole, of this firmware, not bad and has not
   yielded. Whole is by its SHA-256, or for a confirmed one by the CRC-32 in its slot.
   HOTRELOAD_ERR_NO_MODULE when there is no further one; its message names the reason of the first
   that was passed over. Other errors are the flash's or memory's, no judgement. */
esp_err_t hr_candidates_next(hr_candidates_t *candidates, hr_store_view_t *view,
                             hr_report_t *report);

/* The module that was mapped last could not be loaded: it is passed over as well. */
void hr_candidates_pass(hr_candidates_t *candidates, const hr_store_view_t *view, esp_err_t err,
                        const hr_report_t *report);

void hr_store_unmap(hr_store_view_t *view);

/* What is known of a module, by one word in flash each. Only of that very module: HOTRELOAD_ERR_STORE
   when something else lies in its slot now, HOTRELOAD_ERR_BUSY while an update is written there. What
   is already so is not written again. In an encrypted partition nothing can be marked:
   HOTRELOAD_ERR_PARTITION. Called by any task at any time; each waits for another at most as long as
   reading two slots takes.

   A raw ELF can only be marked bad, others give ESP_ERR_NOT_SUPPORTED. */

/* The module is about to be started. Counts a start, unless the last one that was counted is not over
   or was not to be counted (flash/hr_starts.h). ESP_OK as well for what has no count: a confirmed one,
   a raw one, one in an encrypted partition, and any without CONFIG_HOTRELOAD_BOOT_GUARD. */
esp_err_t hr_store_mark_start(const hr_origin_t *origin, hr_report_t *report);

/* ESP_ERR_INVALID_STATE of one that is bad. */
esp_err_t hr_store_mark_confirmed(const hr_origin_t *origin, hr_report_t *report);

esp_err_t hr_store_mark_bad(const hr_origin_t *origin, hr_report_t *report);

/* Forgets all marks: the module is unproven again. HOTRELOAD_ERR_UNDO_USED_UP the fourth time. */
esp_err_t hr_store_undo(const hr_origin_t *origin, hr_report_t *report);

/* Undoes that the newest bad or yielded module of this firmware is not taken.
   HOTRELOAD_ERR_NOTHING_TO_UNDO when there is none. */
esp_err_t hr_store_retry(const hr_store_t *store, hr_report_t *report);

/* The state of that very module now; the error as of marks, but not HOTRELOAD_ERR_PARTITION. */
esp_err_t hr_store_state(const hr_origin_t *origin, hr_slot_state_t *state, hr_report_t *report);

/* The module is not the one that is called any more. */
void hr_store_leave(const hr_origin_t *origin);

/* An update being written. `chunk` is the caller's memory, of `chunk_size` bytes, which is what one
   write has: set before hr_store_begin(), and good until hr_store_end(). */
typedef struct {
    uint8_t *chunk; /* not yet in flash: the last size % chunk_size bytes */
    uint32_t chunk_size;
    const hr_store_t *store;
    bool chosen;   /* where to */
    uint32_t slot; /* index, of the chosen one, as below */
    uint32_t sequence;
    bool supersedes; /* what was flashed to the other slot */
    uint32_t size;   /* of the ELF so far */
    uint32_t crc;    /* CRC-32 of what was written so far */
    uint32_t erased; /* bytes of the slot */
    uint8_t hash[HR_SHA256_SIZE]; /* of the whole */
} hr_store_update_t;

/* Begins an update, of which nothing is in flash yet. HOTRELOAD_ERR_PARTITION: encrypted. */
esp_err_t hr_store_begin(const hr_store_t *store, hr_store_update_t *update, hr_report_t *report);

/* Where the next bytes of the ELF are put, and how many there is room for, never 0. */
void *hr_store_room(hr_store_update_t *update, uint32_t *size);

/* Whether `size` bytes more, or the end, would be the first to be written. */
bool hr_store_is_first_write(const hr_store_update_t *update, uint32_t size);

/* Chooses the slot, before the first write and inside an operation: from here on the module in it is
   no candidate, and cannot be marked. hr_store_end() ends that. */
esp_err_t hr_store_choose(hr_store_update_t *update, hr_report_t *report);

/* Takes `size` bytes that were put there, erasing block by block as it comes to them. */
esp_err_t hr_store_add(hr_store_update_t *update, uint32_t size, hr_report_t *report);

/* Writes the rest and maps the whole, after comparing it with what was given. */
esp_err_t hr_store_map_update(hr_store_update_t *update, hr_store_view_t *view,
                              hr_report_t *report);

/* Makes the update the newest; `view` is that of hr_store_map_update(). */
esp_err_t hr_store_commit(const hr_store_update_t *update, const hr_store_view_t *view,
                          hr_report_t *report);

/* Nothing is written any more, whatever came of it. There is one update at a time. */
void hr_store_end(void);
