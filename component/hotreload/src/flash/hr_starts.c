/* SPDX-License-Identifier: MIT */
#include "flash/hr_starts.h"

#include <stddef.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_rom_crc.h"
#include "esp_system.h"
#include "flash/hr_store.h"
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_BOOT_GUARD

#define MAGIC 0x32475248u /* "HRG2" */
/* of a panic, in which no module was involved */
#define NOT_INVOLVED 0x216b6f21u

typedef struct {
    hr_start_t start;
    uint32_t open; /* whole words: the CRC is of no padding */
    uint32_t left;
} entry_t;

typedef struct {
    uint32_t magic;
    entry_t entries[HR_STORE_SLOTS];
    uint32_t check; /* CRC of the fields above */
} memory_t;

/* both hold anything after the power came on */
static RTC_NOINIT_ATTR memory_t memory;
static RTC_NOINIT_ATTR uint32_t panic; /* by itself: a panic comes at any time */

static bool known; /* how the boot before this one ended */

static uint32_t check_of(const memory_t *content)
{
    return esp_rom_crc32_le(0, (const uint8_t *)content, offsetof(memory_t, check));
}

static void remember(const memory_t *content)
{
    memory = *content;
    memory.magic = MAGIC;
    memory.check = check_of(&memory);
}

/* By the reason of the reset, as far as that is known to be no fault of a module. A watchdog always
   counts: what keeps the system from going on has no address. */
static bool ended_without_fault(const entry_t *entry)
{
    switch (esp_reset_reason()) {
    case ESP_RST_SW:
    case ESP_RST_DEEPSLEEP:
        return true;
    case ESP_RST_PANIC:
        return panic == NOT_INVOLVED; /* else a task may still have been in one that was left */
    default:
        return entry->left;
    }
}

/* Once after a boot, before anything is taken in this one. */
static void judge_last_boot(void)
{
    if (known) {
        return;
    }
    known = true;
    memory_t content;
    memcpy(&content, &memory, sizeof(content));
    if (content.magic != MAGIC || content.check != check_of(&content)) {
        memset(&content, 0, sizeof(content));
    }
    for (uint32_t i = 0; i < HR_STORE_SLOTS; i++) {
        entry_t *entry = &content.entries[i];
        entry->open = entry->open && ended_without_fault(entry);
    }
    panic = 0;
    remember(&content);
}

static entry_t *entry_at(memory_t *content, uint32_t address)
{
    for (uint32_t i = 0; i < HR_STORE_SLOTS; i++) {
        if (content->entries[i].open && content->entries[i].start.address == address) {
            return &content->entries[i];
        }
    }
    return NULL;
}

static entry_t *unused_entry(memory_t *content)
{
    for (uint32_t i = 0; i < HR_STORE_SLOTS; i++) {
        if (!content->entries[i].open) {
            return &content->entries[i];
        }
    }
    return &content->entries[0]; /* of another partition: that start counts */
}

bool hr_starts_is_open(const hr_start_t *start)
{
    judge_last_boot();
    const entry_t *entry = entry_at(&memory, start->address);
    return entry != NULL && entry->start.starts == start->starts
           && memcmp(entry->start.hash, start->hash, HR_SHA256_SIZE) == 0;
}

void hr_starts_open(const hr_start_t *start)
{
    judge_last_boot();
    memory_t content = memory;
    entry_t *entry = entry_at(&content, start->address);
    if (entry == NULL) {
        entry = unused_entry(&content);
    }
    entry->start = *start;
    entry->open = true;
    entry->left = false;
    remember(&content);
}

void hr_starts_leave(uint32_t address)
{
    judge_last_boot();
    memory_t content = memory;
    entry_t *entry = entry_at(&content, address);
    if (entry != NULL) {
        entry->left = true;
        remember(&content);
    }
}

void hr_starts_note_panic(bool involved)
{
    panic = involved ? 0 : NOT_INVOLVED;
}

#else

bool hr_starts_is_open(const hr_start_t *start)
{
    (void)start;
    return false;
}

void hr_starts_open(const hr_start_t *start)
{
    (void)start;
}

void hr_starts_leave(uint32_t address)
{
    (void)address;
}

void hr_starts_note_panic(bool involved)
{
    (void)involved;
}

#endif
