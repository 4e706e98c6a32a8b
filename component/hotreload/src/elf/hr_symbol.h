/* SPDX-License-Identifier: MIT */
/* Symbols of a module: what relocations refer to, and the functions that the firmware calls. */
#pragma once

#include "elf/hr_image.h"

/* Whether a relocation may use a symbol: named inside the string table and defined by somebody. */
esp_err_t hr_symbol_check(const hr_image_t *image, uint32_t index, const hr_elf_symbol_t *symbol,
                          hr_report_t *report);

/* Finds each of the names and checks that a stub can enter it. `links` receives the link
   addresses, in the order of the names. The cost is linear in symbols and names together. */
esp_err_t hr_symbol_find_exports(const hr_image_t *image, const char *const *names, size_t count,
                                 uint32_t *links, hr_report_t *report);
