/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "esp_log.h"

#define BYTES_PER_LINE 16

static size_t line_length(size_t length, size_t offset)
{
    return length - offset < BYTES_PER_LINE ? length - offset : BYTES_PER_LINE;
}

void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t length,
                                 esp_log_level_t level)
{
    const uint8_t *bytes = buffer;
    for (size_t offset = 0; offset < length; offset += BYTES_PER_LINE) {
        char line[3 * BYTES_PER_LINE + 1];
        char *end = line;
        for (size_t i = 0; i < line_length(length, offset); i++) {
            end += sprintf(end, "%02x ", bytes[offset + i]);
        }
        ESP_LOG_LEVEL(level, tag, "%s", line);
    }
}

void esp_log_buffer_char_internal(const char *tag, const void *buffer, uint16_t length,
                                  esp_log_level_t level)
{
    const char *chars = buffer;
    for (size_t offset = 0; offset < length; offset += BYTES_PER_LINE) {
        ESP_LOG_LEVEL(level, tag, "%.*s", (int)line_length(length, offset), chars + offset);
    }
}

void esp_log_buffer_hexdump_internal(const char *tag, const void *buffer, uint16_t length,
                                     esp_log_level_t level)
{
    const uint8_t *bytes = buffer;
    for (size_t offset = 0; offset < length; offset += BYTES_PER_LINE) {
        char hex[3 * BYTES_PER_LINE + 2];
        char text[BYTES_PER_LINE + 1];
        char *end = hex;
        size_t count = line_length(length, offset);
        for (size_t i = 0; i < BYTES_PER_LINE; i++) {
            const char *gap = i == 7 ? "  " : " ";
            end += i < count ? sprintf(end, "%02x%s", bytes[offset + i], gap)
                             : sprintf(end, "  %s", gap);
        }
        for (size_t i = 0; i < count; i++) {
            text[i] = isprint(bytes[offset + i]) ? (char)bytes[offset + i] : '.';
        }
        text[count] = '\0';
        ESP_LOG_LEVEL(level, tag, "%p   %s |%s|", (const void *)(bytes + offset), hex, text);
    }
}
