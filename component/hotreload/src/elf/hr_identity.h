/* SPDX-License-Identifier: MIT */
/* Which firmware a module belongs to. A module is linked against the addresses of one firmware, and
   in any other it would call whatever lies there. So the build writes the identity of the firmware
   into it, and into each module as an ELF note. */
#pragma once

#include "elf/hr_image.h"

#define HR_IDENTITY_SIZE 16
#define HR_IDENTITY_TEXT_SIZE (2 * HR_IDENTITY_SIZE + 1)

typedef struct {
    uint8_t bytes[HR_IDENTITY_SIZE];
} hr_identity_t;

/* All zero when the firmware was not stamped. */
hr_identity_t hr_firmware_identity(void);

/* Hexadecimal digits, as in messages and answers. */
void hr_identity_to_text(const hr_identity_t *identity, char text[HR_IDENTITY_TEXT_SIZE]);

/* Refuses a module that was linked against another firmware; the report then has the identity of
   that, too. */
esp_err_t hr_identity_check(const hr_image_t *image, hr_report_t *report);

/* The same of the start of an image (hr_image_peek()), as far as it has the note; what is missing or
   broken is no error yet. */
esp_err_t hr_identity_peek(const hr_image_t *image, hr_report_t *report);
