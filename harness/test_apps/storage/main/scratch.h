/* SPDX-License-Identifier: MIT */
/* partitions for tests to write to */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_partition.h"

/* the data partition with this label; fails the test when there is none */
const esp_partition_t *scratch_partition(const char *label);

/* the same, erased */
const esp_partition_t *scratch_erased(const char *label);

/* what a test writes at this offset: differs from its neighbours and with the seed */
uint8_t scratch_byte(uint32_t seed, size_t offset);

/* fails the test unless the range reads as erased */
void scratch_assert_blank(const esp_partition_t *partition, size_t offset, size_t size);
