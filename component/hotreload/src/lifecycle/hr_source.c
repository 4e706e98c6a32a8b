/* SPDX-License-Identifier: MIT */
#include "lifecycle/hr_source.h"

#include "flash/hr_guard.h"

hr_source_t hr_source_in_ram(const void *data, size_t size)
{
    return (hr_source_t) {.view = {.data = data, .size = size}};
}

esp_err_t hr_source_open(hr_source_t *source, const char *label, hr_report_t *report)
{
    hr_store_t store;
    esp_err_t err = hr_store_open(&store, label, report);
    if (err != ESP_OK) {
        return err;
    }
    source->partition = store.partition;
    return hr_guard_map(&store, &source->view, report);
}

esp_err_t hr_source_open_previous(hr_source_t *source, const hr_source_t *newest,
                                  hr_report_t *report)
{
    hr_store_t store;
    esp_err_t err = hr_store_open(&store, newest->partition->label, report);
    if (err != ESP_OK) {
        return err;
    }
    source->partition = store.partition;
    err = hr_store_map_previous(&store, &newest->view, &source->view, report);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_guard_watch(&source->view, report);
    if (err != ESP_OK) {
        hr_store_unmap(&source->view);
    }
    return err;
}

esp_err_t hr_source_set_aside(const hr_source_t *source, hr_report_t *report)
{
    hr_store_t store;
    esp_err_t err = hr_store_open(&store, source->partition->label, report);
    return err == ESP_OK ? hr_store_set_aside(&store, source->view.slot, report) : err;
}

void hr_source_close(hr_source_t *source)
{
    if (source->partition != NULL) {
        hr_store_unmap(&source->view);
    }
}

void hr_source_refuse(const hr_source_t *source)
{
    if (source->partition != NULL) {
        hr_guard_undo();
    }
}
