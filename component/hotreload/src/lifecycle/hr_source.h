/* SPDX-License-Identifier: MIT */
/* Where the ELF of a module lies while it is loaded: in a partition, mapped, or in RAM. */
#pragma once

#include "flash/hr_store.h"

typedef struct {
    hr_store_view_t view;
    const esp_partition_t *partition; /* NULL: in RAM */
} hr_source_t;

/* The caller's ELF in RAM. */
hr_source_t hr_source_in_ram(const void *data, size_t size);

/* The newest module of a partition, watched by the boot guard from now on. */
esp_err_t hr_source_open(hr_source_t *source, const char *label, hr_report_t *report);

/* The module that would be the newest of its partition without `newest`. */
esp_err_t hr_source_open_previous(hr_source_t *source, const hr_source_t *newest,
                                  hr_report_t *report);

/* Takes a module in a partition out of use for good. */
esp_err_t hr_source_set_aside(const hr_source_t *source, hr_report_t *report);

void hr_source_close(hr_source_t *source);

/* Its module is not used after all; for a closed source, too. */
void hr_source_refuse(const hr_source_t *source);
