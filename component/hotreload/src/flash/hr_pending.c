/* SPDX-License-Identifier: MIT */
#include "flash/hr_pending.h"

#include <stddef.h>

#include "freertos/FreeRTOS.h"

/* A reload may take an update before its writer comes to report it: what was taken last is kept
   as well. */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_pending_t waiting; /* no partition: nothing waits */
static const esp_partition_t *taken_partition;
static uint32_t taken_sequence;

static void drop_if_taken(void)
{
    if (waiting.partition == taken_partition && waiting.sequence == taken_sequence) {
        waiting = (hr_pending_t) {0};
    }
}

bool hr_pending_get(hr_pending_t *pending)
{
    portENTER_CRITICAL(&lock);
    *pending = waiting;
    portEXIT_CRITICAL(&lock);
    return pending->partition != NULL;
}

void hr_pending_written(const hr_pending_t *update)
{
    portENTER_CRITICAL(&lock);
    waiting = *update;
    drop_if_taken();
    portEXIT_CRITICAL(&lock);
}

void hr_pending_taken(const esp_partition_t *partition, uint32_t sequence)
{
    portENTER_CRITICAL(&lock);
    taken_partition = partition;
    taken_sequence = sequence;
    drop_if_taken();
    portEXIT_CRITICAL(&lock);
}
