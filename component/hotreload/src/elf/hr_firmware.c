/* SPDX-License-Identifier: MIT */
#include "elf/hr_identity.h"

/* Written by the build after the link: tools/hotreload_build/identity.py. */
extern const uint8_t hotreload_firmware_identity[HR_IDENTITY_SIZE];
const uint8_t hotreload_firmware_identity[HR_IDENTITY_SIZE] = {0};

hr_identity_t hr_firmware_identity(void)
{
    hr_identity_t identity;
    const volatile uint8_t *stamped = hotreload_firmware_identity; /* the compiler sees zeros */
    for (size_t i = 0; i < HR_IDENTITY_SIZE; i++) {
        identity.bytes[i] = stamped[i];
    }
    return identity;
}
