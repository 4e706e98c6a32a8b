/* SPDX-License-Identifier: MIT */
#include "module/hr_stage.h"

#include <stdlib.h>

#include "module/hr_memory_esp.h"
#include "module/hr_retire.h"
#include "port/hr_event.h"

void hr_stage_drop(hr_module_t *module)
{
    free(module);
}

void hr_stage_remove(hr_module_t *module)
{
    hr_module_free(module);
    free(module);
}

static hr_module_t *create(const hr_target_t *target)
{
    hr_module_t *module = hr_module_create(target);
    return module == NULL && hr_retire_give_back() ? hr_module_create(target) : module;
}

esp_err_t hr_stage_check(hr_module_t **module, hr_image_t *image, const void *data, size_t size,
                         const hr_target_t *target, hr_report_t *report)
{
    *module = create(target);
    if (*module == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the addresses of %u functions",
                         (unsigned)target->exports.count);
    }
    esp_err_t err = hr_module_check(image, data, size, &target->exports, (*module)->addresses,
                                    report);
    if (err != ESP_OK) {
        hr_stage_drop(*module);
    }
    return err;
}

/* Twice when a module that waits out its grace period makes room. */
static esp_err_t place(hr_module_t *module, const hr_image_t *image, uint32_t number,
                       hr_report_t *report)
{
    esp_err_t err = hr_module_stage(module, number, image, &hr_memory_esp, report);
    if (err == ESP_ERR_NO_MEM && hr_retire_give_back()) {
        err = hr_module_stage(module, number, image, &hr_memory_esp, report);
    }
    return err;
}

esp_err_t hr_stage_place(hr_module_t *module, const hr_image_t *image, uint32_t number,
                         hr_report_t *report)
{
    hr_retire_collect();
    esp_err_t err = place(module, image, number, report);
    if (err == ESP_OK) {
        err = hr_retire_prepare(report);
        if (err != ESP_OK) {
            hr_module_free(module);
        }
    }
    if (err != ESP_OK) {
        hr_stage_drop(module);
        return hr_retire_explain(err, report);
    }
    hr_event_staged(number, module->size);
    return ESP_OK;
}
