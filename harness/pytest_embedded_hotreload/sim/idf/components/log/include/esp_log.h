/* SPDX-License-Identifier: MIT */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>

#include "esp_rom_sys.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_LOG_NONE,
    ESP_LOG_ERROR,
    ESP_LOG_WARN,
    ESP_LOG_INFO,
    ESP_LOG_DEBUG,
    ESP_LOG_VERBOSE,
} esp_log_level_t;

typedef int (*vprintf_like_t)(const char *, va_list);

/* per tag, or for all by "*" */
void esp_log_level_set(const char *tag, esp_log_level_t level);
esp_log_level_t esp_log_level_get(const char *tag);

/* where output goes; returns what it was */
vprintf_like_t esp_log_set_vprintf(vprintf_like_t function);

/* milliseconds since boot */
uint32_t esp_log_timestamp(void);
uint32_t esp_log_early_timestamp(void);
char *esp_log_system_timestamp(void);

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void esp_log_writev(esp_log_level_t level, const char *tag, const char *format, va_list args);

void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t length,
                                 esp_log_level_t level);
void esp_log_buffer_char_internal(const char *tag, const void *buffer, uint16_t length,
                                  esp_log_level_t level);
void esp_log_buffer_hexdump_internal(const char *tag, const void *buffer, uint16_t length,
                                     esp_log_level_t level);

#ifndef LOG_LOCAL_LEVEL
#define LOG_LOCAL_LEVEL CONFIG_LOG_MAXIMUM_LEVEL
#endif

#if CONFIG_LOG_COLORS
#define LOG_COLOR_E "\033[0;31m"
#define LOG_COLOR_W "\033[0;33m"
#define LOG_COLOR_I "\033[0;32m"
#define LOG_COLOR_D
#define LOG_COLOR_V
#define LOG_RESET_COLOR "\033[0m"
#else
#define LOG_COLOR_E
#define LOG_COLOR_W
#define LOG_COLOR_I
#define LOG_COLOR_D
#define LOG_COLOR_V
#define LOG_RESET_COLOR
#endif

#define LOG_FORMAT(letter, format) \
    LOG_COLOR_##letter #letter " (%" PRIu32 ") %s: " format LOG_RESET_COLOR "\n"

#define ESP_LOG_LEVEL(level, tag, format, ...)                                                    \
    do {                                                                                          \
        if (level == ESP_LOG_ERROR) {                                                             \
            esp_log_write(ESP_LOG_ERROR, tag, LOG_FORMAT(E, format), esp_log_timestamp(), tag,    \
                          ##__VA_ARGS__);                                                         \
        } else if (level == ESP_LOG_WARN) {                                                       \
            esp_log_write(ESP_LOG_WARN, tag, LOG_FORMAT(W, format), esp_log_timestamp(), tag,     \
                          ##__VA_ARGS__);                                                         \
        } else if (level == ESP_LOG_DEBUG) {                                                      \
            esp_log_write(ESP_LOG_DEBUG, tag, LOG_FORMAT(D, format), esp_log_timestamp(), tag,    \
                          ##__VA_ARGS__);                                                         \
        } else if (level == ESP_LOG_VERBOSE) {                                                    \
            esp_log_write(ESP_LOG_VERBOSE, tag, LOG_FORMAT(V, format), esp_log_timestamp(), tag,  \
                          ##__VA_ARGS__);                                                         \
        } else {                                                                                  \
            esp_log_write(ESP_LOG_INFO, tag, LOG_FORMAT(I, format), esp_log_timestamp(), tag,     \
                          ##__VA_ARGS__);                                                         \
        }                                                                                         \
    } while (0)

#define ESP_LOG_LEVEL_LOCAL(level, tag, format, ...)                \
    do {                                                            \
        if (LOG_LOCAL_LEVEL >= level) {                             \
            ESP_LOG_LEVEL(level, tag, format, ##__VA_ARGS__);       \
        }                                                           \
    } while (0)

#define ESP_LOGE(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_LOGD(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_LOGV(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)

/* straight to the UART: before the scheduler, in interrupt handlers, with interrupts masked */
#define ESP_LOG_EARLY_IMPL(tag, format, level, letter, ...)                                      \
    do {                                                                                         \
        if (LOG_LOCAL_LEVEL >= level && CONFIG_LOG_DEFAULT_LEVEL >= level) {                     \
            esp_rom_printf(LOG_FORMAT(letter, format), esp_log_early_timestamp(), tag,           \
                           ##__VA_ARGS__);                                                       \
        }                                                                                        \
    } while (0)

#define ESP_EARLY_LOGE(tag, format, ...) \
    ESP_LOG_EARLY_IMPL(tag, format, ESP_LOG_ERROR, E, ##__VA_ARGS__)
#define ESP_EARLY_LOGW(tag, format, ...) \
    ESP_LOG_EARLY_IMPL(tag, format, ESP_LOG_WARN, W, ##__VA_ARGS__)
#define ESP_EARLY_LOGI(tag, format, ...) \
    ESP_LOG_EARLY_IMPL(tag, format, ESP_LOG_INFO, I, ##__VA_ARGS__)
#define ESP_EARLY_LOGD(tag, format, ...) \
    ESP_LOG_EARLY_IMPL(tag, format, ESP_LOG_DEBUG, D, ##__VA_ARGS__)
#define ESP_EARLY_LOGV(tag, format, ...) \
    ESP_LOG_EARLY_IMPL(tag, format, ESP_LOG_VERBOSE, V, ##__VA_ARGS__)

#define ESP_DRAM_LOGE ESP_EARLY_LOGE
#define ESP_DRAM_LOGW ESP_EARLY_LOGW
#define ESP_DRAM_LOGI ESP_EARLY_LOGI
#define ESP_DRAM_LOGD ESP_EARLY_LOGD
#define ESP_DRAM_LOGV ESP_EARLY_LOGV

#define ESP_LOG_BUFFER_HEX_LEVEL(tag, buffer, length, level)                \
    do {                                                                    \
        if (LOG_LOCAL_LEVEL >= (level)) {                                   \
            esp_log_buffer_hex_internal(tag, buffer, length, level);        \
        }                                                                   \
    } while (0)
#define ESP_LOG_BUFFER_CHAR_LEVEL(tag, buffer, length, level)               \
    do {                                                                    \
        if (LOG_LOCAL_LEVEL >= (level)) {                                   \
            esp_log_buffer_char_internal(tag, buffer, length, level);       \
        }                                                                   \
    } while (0)
#define ESP_LOG_BUFFER_HEXDUMP(tag, buffer, length, level)                  \
    do {                                                                    \
        if (LOG_LOCAL_LEVEL >= (level)) {                                   \
            esp_log_buffer_hexdump_internal(tag, buffer, length, level);    \
        }                                                                   \
    } while (0)
#define ESP_LOG_BUFFER_HEX(tag, buffer, length) \
    ESP_LOG_BUFFER_HEX_LEVEL(tag, buffer, length, ESP_LOG_INFO)
#define ESP_LOG_BUFFER_CHAR(tag, buffer, length) \
    ESP_LOG_BUFFER_CHAR_LEVEL(tag, buffer, length, ESP_LOG_INFO)

#ifdef __cplusplus
}
#endif
