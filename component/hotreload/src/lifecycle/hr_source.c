/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_source.h"

#include "hotreload.h"
#include "lifecycle/hr_passed.h"

hr_source_t hr_source_in_ram(const void *data, size_t size)
{
    return (hr_source_t) {.view = {.data = data, .size = size}};
}

/* Of what was passed over, the first error says more than that nothing was left. */
static esp_err_t explain(esp_err_t err, const hr_candidates_t *candidates, hr_report_t *report)
{
    if (err == HOTRELOAD_ERR_NO_MODULE && candidates->first_error != ESP_OK) {
        *report = candidates->first_report;
        return candidates->first_error;
    }
    return err;
}

esp_err_t hr_source_open(hr_source_t *source, const char *label, hr_report_t *report)
{
    hr_store_t store;
    hr_candidates_t candidates;
    esp_err_t err = hr_store_open(&store, label, report);
    if (err == ESP_OK) {
        err = hr_candidates_begin(&candidates, &store, report);
    }
    if (err != ESP_OK) {
        return err;
    }
    hr_passed_begin();
    candidates.passed = hr_passed_add;
    err = hr_candidates_next(&candidates, &source->view, report);
    return explain(err, &candidates, report);
}

esp_err_t hr_source_open_beside(hr_source_t *source, const hr_origin_t *other,
                                hr_report_t *report)
{
    hr_store_t store;
    hr_candidates_t candidates;
    esp_err_t err = hr_store_open(&store, other->partition->label, report);
    if (err == ESP_OK) {
        err = hr_candidates_begin(&candidates, &store, report);
    }
    if (err == ESP_OK) {
        err = hr_candidates_next(&candidates, &source->view, report);
    }
    if (err == ESP_OK && source->view.origin.slot == other->slot) {
        hr_store_unmap(&source->view);
        err = hr_candidates_next(&candidates, &source->view, report);
    }
    if (err == HOTRELOAD_ERR_NO_MODULE && candidates.first_error == ESP_OK) {
        return hr_reject(report, err, "no module: partition %s has no other",
                         other->partition->label);
    }
    return err;
}

void hr_source_close(hr_source_t *source)
{
    if (source->view.origin.partition != NULL) {
        hr_store_unmap(&source->view);
    }
}
