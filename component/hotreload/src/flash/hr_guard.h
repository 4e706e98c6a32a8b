/* SPDX-License-Identifier: MIT */
/* Boot guard: a module that crashes the device again and again is not started for ever.

   From the moment that a module is taken from flash it is watched, until it has run for
   CONFIG_HOTRELOAD_BOOT_GUARD_MS. A boot that ends in a crash meanwhile counts against it; after three
   such boots in a row the module is set aside in flash, and the one before it is used. What is counted
   lies in RTC memory: it survives crashes, and is forgotten without power. */
#pragma once

#include "flash/hr_store.h"
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_BOOT_GUARD

/* hr_store_map() that sets modules aside which have crashed the device three times, and that begins
   to watch over the module that it maps. */
esp_err_t hr_guard_map(const hr_store_t *store, hr_store_view_t *view, hr_report_t *report);

/* Begins to watch over a module that was mapped otherwise. ESP_ERR_NO_MEM. */
esp_err_t hr_guard_watch(const hr_store_view_t *view, hr_report_t *report);

/* The module that was mapped last is not used after all: what was watched before is again. */
void hr_guard_undo(void);

/* Nothing out of flash runs any more. */
void hr_guard_release(void);

#else

static inline esp_err_t hr_guard_map(const hr_store_t *store, hr_store_view_t *view,
                                     hr_report_t *report)
{
    return hr_store_map(store, view, report);
}

static inline esp_err_t hr_guard_watch(const hr_store_view_t *view, hr_report_t *report)
{
    (void)view;
    (void)report;
    return ESP_OK;
}

static inline void hr_guard_undo(void)
{
}

static inline void hr_guard_release(void)
{
}

#endif
