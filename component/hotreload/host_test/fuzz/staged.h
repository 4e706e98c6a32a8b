/* SPDX-License-Identifier: MIT */
/* What a fuzzer does with an image that has passed all checks. */
#pragma once

#include "module/hr_module.h"

/* Places and relocates it in blocks whose bounds the sanitizer sees, turns the link addresses of
   functions into run addresses, and aborts when a byte that no relocation names is not as in the
   file, or an address is not in the text. */
void staged_check(const hr_image_t *image, uint32_t *addresses, size_t count);
