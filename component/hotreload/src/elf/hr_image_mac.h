/* SPDX-License-Identifier: MIT */
/* Who has built a module: one that has the key of the firmware.

   The build puts an ELF note into the module, of the owner "hotreload" and type HR_NOTE_MAC. Its
   content is

       0   number of the build, 32 bits, little-endian
       4   HMAC-SHA-256 with the key of these lines, each with a newline at its end:

           hotreload-module-1
           <SHA-256 of the ELF with 32 zeros in place of the MAC, 64 lower case digits>

   So the MAC covers all that the loader reads, the number and the firmware's identity among it, and
   is the same wherever the module comes from. */
#pragma once

#include "elf/hr_image.h"
#include "port/hr_key.h"

/* Of an image that hr_image_open() has taken: HOTRELOAD_ERR_MODULE_MAC; HOTRELOAD_ERR_BUILD_FLOOR
   when its number is lower than `floor`; ESP_ERR_NO_MEM. */
esp_err_t hr_image_mac_check(const hr_image_t *image, const uint8_t key[HR_KEY_SIZE],
                             uint32_t floor, hr_report_t *report);
