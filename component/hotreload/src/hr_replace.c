/* SPDX-License-Identifier: MIT */
#include "hr_replace.h"

#include "hr_current.h"
#include "hr_hooks.h"
#include "hr_retire.h"
#include "hr_stage.h"

/* Nothing can fail once the new module is staged. */
esp_err_t hr_replace(const hr_target_t *target, hr_source_t *source, hr_report_t *report)
{
    hr_module_t *old = hr_current_module();
    hr_staged_t staged;
    esp_err_t err = hr_stage(&staged, source, &target->exports, hr_current_next_number(), report);
    hr_source_close(source);
    if (err != ESP_OK) {
        return err;
    }
    const hr_hooks_registered_t hooks = hr_hooks_registered();
    hr_hooks_run_pre(&hooks.pre);
    hr_current_switch(&staged, target);
    if (old != NULL) {
        hr_retire(old);
    }
    hr_hooks_run_post(&hooks.post);
    if (old != NULL) {
        hr_retire_free(old);
    }
    return ESP_OK;
}
