/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "esp_flash_partitions.h"

/**
 * Copies the segments of the image in a partition to RAM.
 *
 * @param pos    where the image lies in flash
 * @param entry  set to the address to start at
 * @return NULL, or what is wrong with the image
 */
const char *image_load(const esp_partition_pos_t *pos, uint32_t *entry);
