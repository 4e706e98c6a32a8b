/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_restarts.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_rom_crc.h"

typedef struct {
    uint8_t hash[HR_SHA256_SIZE]; /* of the module; zeros when it came from RAM */
    uint32_t restarts;
    uint32_t check; /* CRC of the fields above */
} memory_t;

/* holds anything after the power came on */
static RTC_NOINIT_ATTR memory_t memory;

static bool is_counted; /* this start */

/* The CRC of zeros must not be that of memory that was never written. */
static uint32_t check_of(const memory_t *content)
{
    return ~esp_rom_crc32_le(0, (const uint8_t *)content, offsetof(memory_t, check));
}

void hr_restarts_run(const hr_origin_t *origin)
{
    memory_t content;
    memcpy(&content, &memory, sizeof(content));
    bool is_same = content.check == check_of(&content)
                   && memcmp(content.hash, origin->hash, sizeof(content.hash)) == 0;
    if (!is_same) {
        memcpy(content.hash, origin->hash, sizeof(content.hash));
        content.restarts = 0;
    } else if (!is_counted) {
        content.restarts++;
    }
    is_counted = true;
    content.check = check_of(&content);
    memory = content;
}

uint32_t hr_restarts(void)
{
    return is_counted ? memory.restarts : 0;
}
