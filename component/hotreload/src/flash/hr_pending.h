/* SPDX-License-Identifier: MIT */
/* The update that waits in flash for a reload to take it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_partition.h"
#include "port/hr_sha256.h"

typedef struct {
    const esp_partition_t *partition;
    uint32_t sequence; /* of its record */
    uint32_t size;     /* of its ELF */
    uint8_t hash[HR_SHA256_SIZE];
} hr_pending_t;

/* The newest update that was completely written since boot, unless a load or reload has taken it. */
bool hr_pending_get(hr_pending_t *pending);

/* An update is complete. */
void hr_pending_written(const hr_pending_t *update);

/* What lies at `sequence` of the partition is loaded now, or out of use. */
void hr_pending_taken(const esp_partition_t *partition, uint32_t sequence);
