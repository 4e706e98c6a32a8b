/* SPDX-License-Identifier: MIT */
/* What the server tells and asks beside the loaded module (hr_lifecycle.h) and the slots
   (hr_slots.h): it knows nothing of the layers that these facts come from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

#define HR_OVERVIEW_FIRMWARE_SIZE 33

/* An update that waits for a reload. */
typedef struct {
    uint32_t size; /* of its ELF */
    uint8_t hash[HR_SHA256_SIZE];
} hr_overview_pending_t;

bool hr_overview_pending(hr_overview_pending_t *pending);

/* Old modules that wait for a task to leave them. */
uint32_t hr_overview_retired(void);

/* The identity that a module has to have, in hexadecimal digits. */
void hr_overview_firmware(char text[HR_OVERVIEW_FIRMWARE_SIZE]);

/* The largest ELF that the partition takes. */
esp_err_t hr_overview_capacity(const char *partition_label, size_t *capacity,
                               hr_report_t *report);
