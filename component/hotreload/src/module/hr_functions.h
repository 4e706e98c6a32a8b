/* SPDX-License-Identifier: MIT */
/* Constructors and destructors of a module, as its ELF names them. */
#pragma once

#include "elf/hr_image.h"

/* Checks that each entry of both tables is relocated once, to the first instruction of a function of
   the module. For an image whose relocations are checked. The cost is linear in the relocations. */
esp_err_t hr_functions_check(const hr_image_t *image, hr_report_t *report);
