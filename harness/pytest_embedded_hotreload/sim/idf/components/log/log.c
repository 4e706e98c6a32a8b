/* SPDX-License-Identifier: MIT */
#include "esp_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"

typedef struct level_entry {
    struct level_entry *next;
    esp_log_level_t level;
    char tag[];
} level_entry_t;

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static level_entry_t *s_entries;
static esp_log_level_t s_default_level = CONFIG_LOG_DEFAULT_LEVEL;
static vprintf_like_t s_vprintf = vprintf;

static level_entry_t *find(const char *tag)
{
    level_entry_t *entry = s_entries;
    while (entry && strcmp(entry->tag, tag) != 0) {
        entry = entry->next;
    }
    return entry;
}

static void set_default_level(esp_log_level_t level)
{
    portENTER_CRITICAL(&s_lock);
    level_entry_t *entries = s_entries;
    s_entries = NULL;
    s_default_level = level;
    portEXIT_CRITICAL(&s_lock);
    while (entries) {
        level_entry_t *next = entries->next;
        free(entries);
        entries = next;
    }
}

void esp_log_level_set(const char *tag, esp_log_level_t level)
{
    if (strcmp(tag, "*") == 0) {
        set_default_level(level);
        return;
    }
    level_entry_t *fresh = malloc(sizeof(*fresh) + strlen(tag) + 1);
    portENTER_CRITICAL(&s_lock);
    level_entry_t *entry = find(tag);
    if (entry) {
        entry->level = level;
    } else if (fresh) {
        strcpy(fresh->tag, tag);
        fresh->level = level;
        fresh->next = s_entries;
        s_entries = fresh;
        fresh = NULL;
    }
    portEXIT_CRITICAL(&s_lock);
    free(fresh);
}

esp_log_level_t esp_log_level_get(const char *tag)
{
    portENTER_CRITICAL(&s_lock);
    const level_entry_t *entry = find(tag);
    esp_log_level_t level = entry ? entry->level : s_default_level;
    portEXIT_CRITICAL(&s_lock);
    return level;
}

vprintf_like_t esp_log_set_vprintf(vprintf_like_t function)
{
    portENTER_CRITICAL(&s_lock);
    vprintf_like_t before = s_vprintf;
    s_vprintf = function;
    portEXIT_CRITICAL(&s_lock);
    return before;
}

void esp_log_writev(esp_log_level_t level, const char *tag, const char *format, va_list args)
{
    if (level != ESP_LOG_NONE && level <= esp_log_level_get(tag)) {
        s_vprintf(format, args);
    }
}

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    esp_log_writev(level, tag, format, args);
    va_end(args);
}
