/* SPDX-License-Identifier: MIT */
/* Relocations: checked on the image before anything is allocated, applied to the placed copy. */
#pragma once

#include "module/hr_place.h"

/* Checks type, place and symbol of every relocation; `total` receives how many there are. */
esp_err_t hr_reloc_check(const hr_image_t *image, uint32_t *total, hr_report_t *report);

/* no link address of a module: its segments end before it */
#define HR_RELOC_FOREIGN UINT32_MAX

/* The link address that the relocation writes, or HR_RELOC_FOREIGN for what does not move with the
   module; false: it writes nothing. For what hr_reloc_check() has passed. */
bool hr_reloc_value(const hr_image_t *image, const hr_elf_rela_t *rela, uint32_t *value);

/* Applies what hr_reloc_check() has passed. */
void hr_reloc_apply(const hr_image_t *image, const hr_placement_t *placement);

/* How many relocations there are of a type. */
uint32_t hr_reloc_count(const hr_image_t *image, uint32_t type);
