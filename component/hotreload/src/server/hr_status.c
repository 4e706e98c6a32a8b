/* SPDX-License-Identifier: MIT */
#include "server/hr_status.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "hotreload.h"
#include "lifecycle/hr_lifecycle.h"
#include "lifecycle/hr_operation.h"
#include "lifecycle/hr_overview.h"
#include "lifecycle/hr_passed.h"
#include "lifecycle/hr_restarts.h"
#include "lifecycle/hr_slots.h"
#include "lifecycle/hr_trial.h"

#ifdef CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE
#define RELOAD_MODE "cooperative"
#else
#define RELOAD_MODE "immediate"
#endif

#ifdef CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION
#define CONFIRM_MS "null"
#else
#define TEXT(value) #value
#define TEXT_OF(macro) TEXT(macro)
#define CONFIRM_MS TEXT_OF(CONFIG_HOTRELOAD_CONFIRM_MS)
#endif

#define SLOT_FORMAT                                                                        \
    "%s{\"slot\":%" PRIu32 ",\"state\":\"%s\",\"size\":%" PRIu32 ",\"sequence\":%" PRIu32 \
    ",\"starts\":%" PRIu32 ",\"hash\":%s,\"running\":%s}"
#define PASSED_FORMAT "%s{\"slot\":%" PRIu32 ",\"hash\":%s,\"error\":\"%s\",\"message\":\"%s\"}"

/* what the lists can take, with five 32-bit numbers in 10 digits each and the longest name in 32 */
#define SLOTS_SIZE (HOTRELOAD_SLOTS * (sizeof(SLOT_FORMAT) + 5 * 10 + HR_SHA256_TEXT_SIZE))
#define PASSED_SIZE \
    (HR_PASSED_MAX \
     * (sizeof(PASSED_FORMAT) + 10 + HR_SHA256_TEXT_SIZE + 32 + 2 * HR_PASSED_MESSAGE_SIZE))
_Static_assert(HR_STATUS_LISTS_SIZE >= SLOTS_SIZE + PASSED_SIZE, "room for the whole state");

static void add_hash(hr_answer_t *answer, bool known, const uint8_t hash[HR_SHA256_SIZE])
{
    char text[HR_SHA256_TEXT_SIZE];
    if (known) {
        hr_sha256_to_text(hash, text);
        hr_answer_add(answer, "\"hash\":\"%s\"", text);
    } else {
        hr_answer_add(answer, "\"hash\":null");
    }
}

static void add_pending(hr_answer_t *answer)
{
    hr_overview_pending_t pending;
    if (hr_overview_pending(&pending)) {
        char hash[HR_SHA256_TEXT_SIZE];
        hr_sha256_to_text(pending.hash, hash);
        hr_answer_add(answer, "\"pending\":{\"size\":%" PRIu32 ",\"hash\":\"%s\"}", pending.size,
                      hash);
    } else {
        hr_answer_add(answer, "\"pending\":null");
    }
}

/* The hash as a value of JSON. */
typedef struct {
    char text[HR_SHA256_TEXT_SIZE + 2];
} hash_value_t;

static hash_value_t hash_value(bool known, const uint8_t hash[HR_SHA256_SIZE])
{
    hash_value_t value = {"null"};
    if (known) {
        value.text[0] = '"';
        hr_sha256_to_text(hash, value.text + 1);
        strcat(value.text, "\"");
    }
    return value;
}

static void add_slot(hr_answer_t *answer, const char *start, const hotreload_slot_t *slot)
{
    const hash_value_t hash = hash_value(slot->hash_known, slot->hash);
    hr_answer_add(answer, SLOT_FORMAT, start, slot->slot, hr_slots_state_name(slot->state),
                  slot->size, slot->sequence, slot->starts, hash.text, slot->running ? "true" : "false");
}

static void add_slots(hr_answer_t *answer, const char *partition)
{
    hr_report_t unused; /* the next load says why */
    hotreload_slot_t list[HOTRELOAD_SLOTS];
    if (hr_slots_list(partition, list, &unused) != ESP_OK) {
        hr_answer_add(answer, "\"slots\":[]");
        return;
    }
    for (size_t i = 0; i < HOTRELOAD_SLOTS; i++) {
        add_slot(answer, i == 0 ? "\"slots\":[" : "", &list[i]);
    }
    hr_answer_close_list(answer);
}

static void add_passed_over(hr_answer_t *answer)
{
    hr_passed_t list[HR_PASSED_MAX];
    uint32_t count = hr_passed_list(list);
    if (count == 0) {
        hr_answer_add(answer, "\"passed_over\":[]");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        hr_report_t report;
        char message[HR_ANSWER_ESCAPED_SIZE];
        const hash_value_t hash = hash_value(list[i].hash_known, list[i].hash);
        memcpy(report.message, list[i].message, sizeof(list[i].message));
        hr_answer_escape(message, &report);
        hr_answer_add(answer, PASSED_FORMAT, i == 0 ? "\"passed_over\":[" : "", list[i].slot,
                      hash.text, hotreload_err_to_name(list[i].error), message);
    }
    hr_answer_close_list(answer);
}

static void add_last_error(hr_answer_t *answer)
{
    hr_report_t report;
    char message[HR_ANSWER_ESCAPED_SIZE];
    esp_err_t err = hr_operation_last_error(&report);
    if (err == ESP_OK) {
        hr_answer_add(answer, "\"last_error\":null");
        return;
    }
    hr_answer_escape(message, &report);
    hr_answer_add(answer, "\"last_error\":{\"error\":\"%s\",\"message\":\"%s\"}",
                  hotreload_err_to_name(err), message);
}

static void add_segments(hr_answer_t *answer, const hr_lifecycle_status_t *status)
{
    hr_answer_add(answer, "\"text\":{\"address\":\"0x%08" PRIx32 "\",\"size\":%" PRIu32 "}",
                  status->text_address, status->text_size);
    hr_answer_add(answer, "\"data\":{\"address\":\"0x%08" PRIx32 "\",\"size\":%" PRIu32 "}",
                  status->data_address, status->data_size);
}

static void add_heap(hr_answer_t *answer)
{
    hr_answer_add(answer,
                  "\"heap\":{\"data_free\":%u,\"data_minimum\":%u,\"exec_free\":%u,"
                  "\"exec_largest\":%u,\"psram_free\":%u}",
                  (unsigned)heap_caps_get_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL),
                  (unsigned)heap_caps_get_minimum_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL),
                  (unsigned)heap_caps_get_free_size(MALLOC_CAP_EXEC),
                  (unsigned)heap_caps_get_largest_free_block(MALLOC_CAP_EXEC),
                  (unsigned)heap_caps_get_free_size(MALLOC_CAP_SPIRAM));
}

static const char *reset_reason(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
        return "power-on";
    case ESP_RST_EXT:
        return "external";
    case ESP_RST_SW:
        return "software";
    case ESP_RST_PANIC:
        return "panic";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return "watchdog";
    case ESP_RST_DEEPSLEEP:
        return "deep-sleep";
    case ESP_RST_BROWNOUT:
        return "brownout";
    default:
        return "unknown";
    }
}

static void add_start(hr_answer_t *answer)
{
    const uint64_t uptime_ms = esp_timer_get_time() / 1000;
    hr_answer_add(answer, "\"uptime_s\":%" PRIu32 ".%03" PRIu32, (uint32_t)(uptime_ms / 1000),
                  (uint32_t)(uptime_ms % 1000));
    hr_answer_add(answer, "\"reset_reason\":\"%s\"", reset_reason());
    hr_answer_add(answer, "\"restarts\":%" PRIu32, hr_restarts());
}

static void add_firmware(hr_answer_t *answer)
{
    char text[HR_OVERVIEW_FIRMWARE_SIZE];
    hr_overview_firmware(text);
    hr_answer_add(answer, "\"firmware\":\"%s\"", text);
}

static void add_ok(hr_answer_t *answer)
{
    hr_answer_begin(answer, HR_ANSWER_200);
    hr_answer_add(answer, "\"status\":\"ok\"");
}

void hr_status_describe(hr_answer_t *answer, const char *partition, size_t max_size)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    add_ok(answer);
    hr_answer_add(answer, "\"loaded\":%s", status.module != 0 ? "true" : "false");
    hr_answer_add(answer, "\"module\":%" PRIu32, status.module);
    hr_answer_add(answer, "\"size\":%" PRIu32, status.size);
    add_hash(answer, status.hash_known, status.hash);
    hr_answer_add(answer, "\"confirmed\":%s", hr_trial_is_confirmed() ? "true" : "false");
    hr_answer_add(answer, "\"confirm_ms\":" CONFIRM_MS);
    hr_answer_add(answer, "\"loads\":%" PRIu32, status.loads);
    hr_answer_add(answer, "\"retired\":%" PRIu32, hr_overview_retired());
    add_start(answer);
    add_firmware(answer);
    add_segments(answer, &status);
    hr_answer_add(answer, "\"partition\":\"%s\"", partition);
    hr_answer_add(answer, "\"max_size\":%u", (unsigned)max_size);
    hr_answer_add(answer, "\"reload_mode\":\"" RELOAD_MODE "\"");
    add_pending(answer);
    add_slots(answer, partition);
    add_passed_over(answer);
    add_heap(answer);
    add_last_error(answer);
    hr_answer_end(answer);
}

void hr_status_describe_pending(hr_answer_t *answer)
{
    add_ok(answer);
    hr_answer_add(answer, "\"reload_mode\":\"" RELOAD_MODE "\"");
    add_pending(answer);
    hr_answer_end(answer);
}

void hr_status_describe_upload(hr_answer_t *answer, size_t size)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    add_ok(answer);
    hr_answer_add(answer, "\"module\":%" PRIu32, status.module);
    hr_answer_add(answer, "\"size\":%u", (unsigned)size);
    hr_answer_end(answer);
}

void hr_status_describe_module(hr_answer_t *answer)
{
    hr_lifecycle_status_t status;
    hr_lifecycle_status(&status);
    add_ok(answer);
    hr_answer_add(answer, "\"module\":%" PRIu32, status.module);
    hr_answer_add(answer, "\"size\":%" PRIu32, status.size);
    hr_answer_end(answer);
}

void hr_status_describe_accepted(hr_answer_t *answer)
{
    hr_answer_begin(answer, HR_ANSWER_202);
    hr_answer_add(answer, "\"status\":\"pending\"");
    add_pending(answer);
    hr_answer_end(answer);
}
