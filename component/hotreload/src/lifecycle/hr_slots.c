/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_slots.h"

#include <string.h>

#include "flash/hr_store.h"
#include "lifecycle/hr_trial.h"

static const struct {
    hotreload_slot_state_t state;
    const char *name;
} states[] = {
    [HR_SLOT_BLANK] = {HOTRELOAD_SLOT_BLANK, "blank"},
    [HR_SLOT_DAMAGED] = {HOTRELOAD_SLOT_DAMAGED, "damaged"},
    [HR_SLOT_WRITTEN] = {HOTRELOAD_SLOT_WRITTEN, "written"},
    [HR_SLOT_CONFIRMED] = {HOTRELOAD_SLOT_CONFIRMED, "confirmed"},
    [HR_SLOT_BAD] = {HOTRELOAD_SLOT_BAD, "bad"},
    [HR_SLOT_YIELDED] = {HOTRELOAD_SLOT_YIELDED, "yielded"},
    [HR_SLOT_OTHER] = {HOTRELOAD_SLOT_OTHER, "other"},
};

const char *hr_slots_state_name(hotreload_slot_state_t state)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (states[i].state == state) {
            return states[i].name;
        }
    }
    return "unknown";
}

static bool is_running(const hr_store_t *store, const hr_slot_info_t *info)
{
    const hr_origin_t origin = hr_trial_origin();
    hr_slot_state_t unused;
    hr_report_t report;
    return origin.partition == store->partition && origin.slot == info->slot
           && hr_store_state(&origin, &unused, &report) == ESP_OK;
}

esp_err_t hr_slots_list(const char *label, hotreload_slot_t list[HOTRELOAD_SLOTS],
                        hr_report_t *report)
{
    hr_store_t store;
    hr_slot_info_t info[HR_STORE_SLOTS];
    _Static_assert(HOTRELOAD_SLOTS == HR_STORE_SLOTS, "all of them");
    esp_err_t err = hr_store_open(&store, label, report);
    if (err == ESP_OK) {
        err = hr_store_list(&store, info, report);
    }
    for (size_t i = 0; err == ESP_OK && i < HR_STORE_SLOTS; i++) {
        list[i] = (hotreload_slot_t) {
            .slot = info[i].slot,
            .state = states[info[i].state].state,
            .size = info[i].size,
            .sequence = info[i].sequence,
            .starts = info[i].starts,
            .hash_known = info[i].hash_known,
            .newest = info[i].newest,
            .running = is_running(&store, &info[i]),
        };
        memcpy(list[i].hash, info[i].hash, sizeof(list[i].hash));
    }
    return err;
}

esp_err_t hr_slots_retry(const char *label, hr_report_t *report)
{
    hr_store_t store;
    esp_err_t err = hr_store_open(&store, label, report);
    return err == ESP_OK ? hr_store_retry(&store, report) : err;
}
