/* SPDX-License-Identifier: MIT */
/* Any bytes as a module: refused, or loaded as its headers say. */
#include <stdlib.h>

#include "elf/hr_identity.h"
#include "staged.h"

/* elf_builder.py: IDENTITY */
hr_identity_t hr_firmware_identity(void)
{
    return (hr_identity_t) {
        {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
         0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf},
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"f", "g"};
    const hr_exports_t exports = {names, 2};
    /* in flash or RAM, at any alignment; the end of the block is that of the image */
    size_t shift = size % 4;
    uint8_t *block = malloc(size + shift);
    memcpy(block + shift, data, size);

    hr_image_t image;
    hr_report_t report;
    uint32_t addresses[2];
    if (hr_module_check(&image, block + shift, size, &exports, addresses, &report) == ESP_OK) {
        staged_check(&image, addresses, 2);
    }
    free(block);
    return 0;
}
