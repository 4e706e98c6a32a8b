/* SPDX-License-Identifier: MIT */
#include "module/hr_stage.h"

#include <stdlib.h>

#include "port/hr_event.h"
#include "module/hr_memory_esp.h"
#include "module/hr_retire.h"

void hr_stage_drop(hr_staged_t *staged)
{
    free(staged->module);
    free(staged->addresses);
}

esp_err_t hr_stage_check(hr_staged_t *staged, hr_image_t *image, const hr_source_t *source,
                         const hr_exports_t *exports, hr_report_t *report)
{
    *staged = (hr_staged_t) {
        .module = malloc(sizeof(*staged->module)),
        .addresses = calloc(exports->count + 1, sizeof(uint32_t)), /* never of size 0 */
        .count = exports->count,
        .origin = source->view.origin,
    };
    esp_err_t err;
    if (staged->module == NULL || staged->addresses == NULL) {
        err = hr_reject(report, ESP_ERR_NO_MEM, "no memory for the addresses of %u functions",
                        (unsigned)exports->count);
    } else {
        err = hr_module_check(image, source->view.data, source->view.size, exports,
                              staged->addresses, report);
    }
    if (err != ESP_OK) {
        hr_stage_drop(staged);
    }
    return err;
}

esp_err_t hr_stage_place(hr_staged_t *staged, const hr_image_t *image, uint32_t number,
                         hr_report_t *report)
{
    hr_retire_collect();
    esp_err_t err = hr_module_stage(staged->module, number, image, &hr_memory_esp,
                                    staged->addresses, staged->count, report);
    if (err == ESP_OK) {
        err = hr_retire_prepare(report);
        if (err != ESP_OK) {
            hr_module_free(staged->module);
        }
    }
    if (err != ESP_OK) {
        hr_stage_drop(staged);
        return hr_retire_explain(err, report);
    }
    hr_event_staged(number, staged->module->size);
    return ESP_OK;
}

esp_err_t hr_stage(hr_staged_t *staged, const hr_source_t *source, const hr_exports_t *exports,
                   uint32_t number, hr_report_t *report)
{
    hr_image_t image;
    esp_err_t err = hr_stage_check(staged, &image, source, exports, report);
    return err == ESP_OK ? hr_stage_place(staged, &image, number, report) : err;
}
