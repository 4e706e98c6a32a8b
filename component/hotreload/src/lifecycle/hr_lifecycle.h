/* SPDX-License-Identifier: MIT */
/* The module that is loaded, as others than the lifecycle itself see it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hotreload.h"
#include "module/hr_module.h"
#include "port/hr_sha256.h"

typedef struct {
    uint32_t module; /* number of the module; 0: none is loaded */
    uint32_t size;   /* of its ELF */
    uint32_t loads;  /* since boot */
    uint32_t text_address;
    uint32_t text_size;
    uint32_t data_address;
    uint32_t data_size;
    bool hash_known; /* not of a module from RAM */
    uint8_t hash[HR_SHA256_SIZE];
} hr_lifecycle_status_t;

void hr_lifecycle_status(hr_lifecycle_status_t *status);

/* What the firmware calls in the module that is loaded; nothing when none is. For use inside an
   operation. */
hr_exports_t hr_lifecycle_exports(void);

/* hotreload_reload() with the reason of a failure. */
esp_err_t hr_lifecycle_reload(const hotreload_config_t *config, hr_report_t *report);

/* hotreload_rollback(), hotreload_confirm() and hotreload_retry() with the reason of a failure. */
esp_err_t hr_lifecycle_rollback(const hotreload_config_t *config, hr_report_t *report);
esp_err_t hr_lifecycle_confirm(hr_report_t *report);
esp_err_t hr_lifecycle_retry(const char *partition_label, hr_report_t *report);
