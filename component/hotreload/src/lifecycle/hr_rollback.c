/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_rollback.h"

#include <stdatomic.h>

#include "hotreload.h"
#include "lifecycle/hr_slots.h"

static atomic_bool waits;

static bool may_be_taken(const hotreload_slot_t *slot)
{
    return slot->state == HOTRELOAD_SLOT_WRITTEN || slot->state == HOTRELOAD_SLOT_CONFIRMED;
}

esp_err_t hr_rollback_request(const char *partition_label, hr_report_t *report)
{
    hotreload_slot_t list[HOTRELOAD_SLOTS];
    esp_err_t err = hr_slots_list(partition_label, list, report);
    if (err != ESP_OK) {
        return err;
    }
    size_t others = 0;
    bool one_runs = false;
    for (size_t i = 0; i < HOTRELOAD_SLOTS; i++) {
        one_runs = one_runs || list[i].running;
        others += !list[i].running && may_be_taken(&list[i]);
    }
    /* with none loaded it is the newest of them that is turned away */
    if (others < (one_runs ? 1 : 2)) {
        return hr_reject(report, HOTRELOAD_ERR_NO_MODULE,
                         "partition %s has no other module to go back to", partition_label);
    }
    atomic_store(&waits, true);
    return ESP_OK;
}

bool hr_rollback_waits(void)
{
    return atomic_load(&waits);
}

bool hr_rollback_take(void)
{
    return atomic_exchange(&waits, false);
}
