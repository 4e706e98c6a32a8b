/* SPDX-License-Identifier: MIT */
/* lines in ESP-IDF's log format on the serial port, without libc and without state */
#pragma once

#include <stdint.h>

#include "sdkconfig.h"

#define BOOT_LOG_ERROR 1
#define BOOT_LOG_INFO 3

#define BOOT_LOGE(tag, ...) BOOT_LOG(BOOT_LOG_ERROR, 'E', tag, __VA_ARGS__)
#define BOOT_LOGI(tag, ...) BOOT_LOG(BOOT_LOG_INFO, 'I', tag, __VA_ARGS__)

#define BOOT_LOG(level, letter, tag, ...)                 \
    do {                                                  \
        if ((level) <= CONFIG_BOOTLOADER_LOG_LEVEL) {     \
            console_log((letter), (tag), __VA_ARGS__);    \
        }                                                 \
    } while (0)

/* knows %s, %u, %x and %08x */
void console_log(char letter, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
