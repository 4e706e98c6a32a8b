/* SPDX-License-Identifier: MIT */
/* The way out of a module that was replaced or unloaded. */
#pragma once

#include "hr_module.h"

/* From here on no new call reaches the module; it stays where it is. */
void hr_retire(const hr_module_t *module);

/* Frees a retired module. No task may be inside it. */
void hr_retire_free(hr_module_t *module);
