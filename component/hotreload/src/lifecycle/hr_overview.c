/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_overview.h"

#include <string.h>

#include "elf/hr_identity.h"
#include "flash/hr_pending.h"
#include "flash/hr_store.h"
#include "module/hr_retire.h"

bool hr_overview_pending(hr_overview_pending_t *pending)
{
    hr_pending_t found;
    if (!hr_pending_get(&found)) {
        return false;
    }
    pending->size = found.size;
    memcpy(pending->hash, found.hash, sizeof(pending->hash));
    return true;
}

uint32_t hr_overview_retired(void)
{
    return hr_retire_waiting();
}

void hr_overview_firmware(char text[HR_OVERVIEW_FIRMWARE_SIZE])
{
    _Static_assert(HR_OVERVIEW_FIRMWARE_SIZE == HR_IDENTITY_TEXT_SIZE, "room for it");
    const hr_identity_t identity = hr_firmware_identity();
    hr_identity_to_text(&identity, text);
}

esp_err_t hr_overview_capacity(const char *partition_label, size_t *capacity,
                               hr_report_t *report)
{
    hr_store_t store;
    esp_err_t err = hr_store_open(&store, partition_label, report);
    if (err == ESP_OK) {
        *capacity = hr_store_capacity(&store);
    }
    return err;
}
