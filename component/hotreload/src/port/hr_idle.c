/* SPDX-License-Identifier: MIT */
#include "port/hr_idle.h"

#include "esp_freertos_hooks.h"

static volatile uint32_t passes[portNUM_PROCESSORS];
static uint32_t cores_ready;

/* true: with the next interrupt is soon enough (esp_freertos_hooks.h) */
static bool count_pass(void)
{
    passes[xPortGetCoreID()]++;
    return true;
}

esp_err_t hr_idle_prepare(hr_report_t *report)
{
    while (cores_ready < portNUM_PROCESSORS) {
        esp_err_t err = esp_register_freertos_idle_hook_for_cpu(count_pass, cores_ready);
        if (err != ESP_OK) {
            return hr_reject(report, err, "all idle hooks of core %u are taken",
                             (unsigned)cores_ready);
        }
        cores_ready++;
    }
    return ESP_OK;
}

hr_idle_t hr_idle_now(void)
{
    hr_idle_t now;
    for (uint32_t core = 0; core < portNUM_PROCESSORS; core++) {
        now.passes[core] = passes[core];
    }
    return now;
}

bool hr_idle_have_passed(const hr_idle_t *then)
{
    for (uint32_t core = 0; core < portNUM_PROCESSORS; core++) {
        if (passes[core] == then->passes[core]) {
            return false;
        }
    }
    return true;
}
