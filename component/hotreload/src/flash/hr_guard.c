/* SPDX-License-Identifier: MIT */
#include "flash/hr_guard.h"

#ifdef CONFIG_HOTRELOAD_BOOT_GUARD

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_log.h"
#include "esp_rom_crc.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "hotreload.h"

#define CRASHES_MAX 3
#define PROBATION_US (CONFIG_HOTRELOAD_BOOT_GUARD_MS * INT64_C(1000))
#define MAGIC 0x31475248u /* "HRG1" */

static const char *TAG = "hotreload";

typedef struct {
    uint32_t magic;
    uint8_t hash[HR_SHA256_SIZE]; /* of the module that is, or was, watched */
    uint32_t crashes;             /* boots in a row that it has ended */
    uint32_t watching;
    uint32_t check;               /* CRC of the fields above */
} memory_t;

/* holds anything after the power came on */
static RTC_NOINIT_ATTR memory_t memory;

/* the memory is changed by operations, one at a time, and by the timer */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static memory_t before;    /* as it was before the last watch began */
static bool counted;       /* how the boot before this one ended */
static int64_t deadline;
static esp_timer_handle_t timer; /* may stay when nothing is watched any more */

static uint32_t check_of(const memory_t *content)
{
    return esp_rom_crc32_le(0, (const uint8_t *)content, offsetof(memory_t, check));
}

static void remember(memory_t content)
{
    content.magic = MAGIC;
    content.check = check_of(&content);
    memory = content;
}

static bool ended_by_a_crash(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return true;
    default:
        return false;
    }
}

/* Once after a boot, before anything is watched in this one. */
static void count_last_boot(void)
{
    if (counted) {
        return;
    }
    counted = true;
    memory_t content = memory;
    if (content.magic != MAGIC || content.check != check_of(&content)) {
        content = (memory_t) {0};
    }
    /* any other end breaks the row, and so does a crash after the probation */
    bool crashed = content.watching && ended_by_a_crash();
    content.crashes = crashed ? content.crashes + 1 : 0;
    content.watching = false;
    remember(content);
}

static void on_deadline(void *arg)
{
    (void)arg;
    portENTER_CRITICAL(&lock);
    memory_t content = memory;
    /* the timer may have expired just before it was started for another module */
    bool confirmed = content.watching && esp_timer_get_time() >= deadline;
    if (confirmed) {
        content.watching = false;
        content.crashes = 0;
        remember(content);
    }
    portEXIT_CRITICAL(&lock);
    if (confirmed) {
        ESP_LOGI(TAG, "the module has run for %d ms", CONFIG_HOTRELOAD_BOOT_GUARD_MS);
    }
}

static esp_err_t make_timer(hr_report_t *report)
{
    const esp_timer_create_args_t arguments = {
        .callback = on_deadline,
        .name = "hotreload guard",
    };
    if (timer == NULL && esp_timer_create(&arguments, &timer) != ESP_OK) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for the timer of the boot guard");
    }
    return ESP_OK;
}

esp_err_t hr_guard_watch(const hr_store_view_t *view, hr_report_t *report)
{
    esp_err_t err = make_timer(report);
    if (err != ESP_OK) {
        return err;
    }
    esp_timer_stop(timer); /* fails when it does not run */
    portENTER_CRITICAL(&lock);
    before = memory;
    memory_t content = memory;
    if (memcmp(content.hash, view->hash, HR_SHA256_SIZE) != 0) {
        memcpy(content.hash, view->hash, HR_SHA256_SIZE);
        content.crashes = 0;
    }
    content.watching = true;
    remember(content);
    deadline = esp_timer_get_time() + PROBATION_US;
    portEXIT_CRITICAL(&lock);
    esp_timer_start_once(timer, PROBATION_US);
    return ESP_OK;
}

/* Whether it is the module that has ended the last boots. */
static bool has_crashed_too_often(const hr_store_view_t *view)
{
    return memory.crashes >= CRASHES_MAX && memcmp(memory.hash, view->hash, HR_SHA256_SIZE) == 0;
}

/* It was set aside, and no other module comes after it: uploaded again, it is as good as any. */
static void forgive(void)
{
    memory_t content = memory;
    content.crashes = 0;
    remember(content);
}

static esp_err_t set_aside(const hr_store_t *store, const hr_store_view_t *view,
                           hr_report_t *report)
{
    esp_err_t err = hr_store_set_aside(store, view->slot, report);
    if (err == ESP_OK) {
        char hash[HR_SHA256_TEXT_SIZE];
        hr_sha256_to_text(view->hash, hash);
        ESP_LOGE(TAG, "module %s has crashed the device %d times in a row and is set aside", hash,
                 CRASHES_MAX);
    }
    return err;
}

esp_err_t hr_guard_map(const hr_store_t *store, hr_store_view_t *view, hr_report_t *report)
{
    count_last_boot();
    esp_err_t err = hr_store_map(store, view, report);
    bool crashed = err == ESP_OK && has_crashed_too_often(view);
    /* both slots may hold the same module */
    for (uint32_t i = 0; i < HR_STORE_SLOTS && err == ESP_OK && has_crashed_too_often(view); i++) {
        hr_store_unmap(view);
        err = set_aside(store, view, report);
        if (err == ESP_OK) {
            err = hr_store_map(store, view, report);
        }
    }
    if (err == ESP_OK && has_crashed_too_often(view)) {
        hr_store_unmap(view);
        err = hr_reject(report, HOTRELOAD_ERR_STORE,
                        "partition %s: the flash at offset 0x%" PRIx32 " does not keep that the "
                        "module is set aside", store->partition->label, view->slot);
    }
    if (crashed && err == HOTRELOAD_ERR_NO_MODULE) {
        forgive();
    }
    if (err != ESP_OK) {
        return err;
    }
    err = hr_guard_watch(view, report);
    if (err != ESP_OK) {
        hr_store_unmap(view);
    }
    return err;
}

void hr_guard_undo(void)
{
    portENTER_CRITICAL(&lock);
    memory = before;
    portEXIT_CRITICAL(&lock);
    if (!before.watching) {
        esp_timer_stop(timer); /* fails when it has expired */
        esp_timer_delete(timer);
        timer = NULL;
    }
}

void hr_guard_release(void)
{
    count_last_boot(); /* the first module of this boot may come from RAM, the next one from flash */
    portENTER_CRITICAL(&lock);
    memory_t content = memory;
    content.watching = false;
    remember(content);
    portEXIT_CRITICAL(&lock);
}

#endif
