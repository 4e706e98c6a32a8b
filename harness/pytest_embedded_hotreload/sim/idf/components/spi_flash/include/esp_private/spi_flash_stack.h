/* SPDX-License-Identifier: MIT */
#pragma once

/* In ESP-IDF each use of the flash, also to map it, shuts PSRAM off for a while, and asserts before
   that the caller's stack is not there. */
void spi_flash_check_stack(void);
