/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_rollback.h"

#include <stdatomic.h>

#include "flash/hr_store.h"
#include "hotreload.h"
#include "lifecycle/hr_slots.h"
#include "lifecycle/hr_trial.h"
#include "module/hr_current.h"

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

static bool may_be_turned_away(const hr_slot_info_t *info)
{
    return info->state == HR_SLOT_WRITTEN || info->state == HR_SLOT_CONFIRMED;
}

/* Without a module that is called it is the newest that would be taken. */
static esp_err_t find_newest(const hr_store_t *store, hr_origin_t *origin, hr_report_t *report)
{
    hr_slot_info_t info[HR_STORE_SLOTS];
    esp_err_t err = hr_store_list(store, info, report);
    for (size_t i = 0; err == ESP_OK && i < HR_STORE_SLOTS; i++) {
        if (may_be_turned_away(&info[i])) {
            *origin = info[i].origin;
            return ESP_OK;
        }
    }
    return err == ESP_OK ? hr_reject(report, HOTRELOAD_ERR_NO_MODULE,
                                     "partition %s has no module to turn away",
                                     store->partition->label)
                         : err;
}

static esp_err_t find_turned_away(const hr_store_t *store, hr_origin_t *origin,
                                  hr_report_t *report)
{
    *origin = hr_trial_origin();
    if (hr_current_module() == NULL) {
        return find_newest(store, origin, report);
    }
    return origin->partition != NULL
               ? ESP_OK
               : hr_reject(report, ESP_ERR_NOT_SUPPORTED,
                           "the module came from RAM: hotreload_reload() replaces it by the newest "
                           "in flash");
}

/* The last module that was confirmed is the way back of all others: it is not given up for one that
   nobody has proven. */
static esp_err_t check_way_back(const hr_store_t *store, const hr_origin_t *origin,
                                hr_report_t *report)
{
    hr_slot_info_t info[HR_STORE_SLOTS];
    hr_slot_state_t state;
    if (store->partition->encrypted) {
        return hr_reject(report, HOTRELOAD_ERR_PARTITION,
                         "partition %s is encrypted: nothing in it can be marked bad",
                         store->partition->label);
    }
    if (hr_store_state(origin, &state, report) != ESP_OK || state != HR_SLOT_CONFIRMED) {
        return ESP_OK;
    }
    esp_err_t err = hr_store_list(store, info, report);
    for (size_t i = 0; err == ESP_OK && i < HR_STORE_SLOTS; i++) {
        if (info[i].origin.slot != origin->slot && info[i].state == HR_SLOT_CONFIRMED) {
            return ESP_OK;
        }
    }
    return err == ESP_OK ? hr_reject(report, HOTRELOAD_ERR_NO_MODULE,
                                     "the module in slot %u of partition %s is the only one that "
                                     "was confirmed: it stays", (unsigned)origin->slot,
                                     store->partition->label)
                         : err;
}

/* Only when the other module is in place: whatever fails before changes nothing, and there is no
   moment at which the flash has no module to start. */
static esp_err_t turn_away(const hr_origin_t *origin, hr_report_t *report)
{
    esp_err_t err = hr_store_mark_bad(origin, report);
    /* an update is written, or was written, over it: it is gone already */
    return err == HOTRELOAD_ERR_BUSY || err == HOTRELOAD_ERR_STORE ? ESP_OK : err;
}

esp_err_t hr_rollback_run(const hr_load_t *load, hr_module_t **leaving, hr_report_t *report)
{
    hr_store_t store;
    hr_origin_t origin;
    hr_load_t other = *load;
    *leaving = NULL;
    esp_err_t err = hr_store_open(&store, load->label, report);
    if (err == ESP_OK) {
        err = find_turned_away(&store, &origin, report);
    }
    if (err == ESP_OK) {
        err = check_way_back(&store, &origin, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    other.without = &origin;
    err = hr_load_replace(&other, leaving, report);
    return err == ESP_OK ? turn_away(&origin, report) : err;
}
