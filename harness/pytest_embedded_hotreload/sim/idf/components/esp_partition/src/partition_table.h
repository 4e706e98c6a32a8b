/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "esp_partition.h"

/* all partitions, read from flash at the first call; none, and a log line, when the table is bad */
const esp_partition_t *partition_table_get(size_t *count);
