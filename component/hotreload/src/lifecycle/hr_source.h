/* SPDX-License-Identifier: MIT */
/* Where the ELF of a module lies while it is loaded: in a partition, mapped, or in RAM. */
#pragma once

#include "flash/hr_store.h"

typedef struct {
    hr_store_view_t view; /* its origin has no partition: in RAM */
} hr_source_t;

/* The caller's ELF in RAM. */
hr_source_t hr_source_in_ram(const void *data, size_t size);

/* The newest module of a partition that may be taken. */
esp_err_t hr_source_open(hr_source_t *source, const char *label, hr_report_t *report);

/* The newest one beside that of `other`, in its partition. */
esp_err_t hr_source_open_beside(hr_source_t *source, const hr_origin_t *other,
                                hr_report_t *report);

void hr_source_close(hr_source_t *source);
