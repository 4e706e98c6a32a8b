/* SPDX-License-Identifier: MIT */

/**
 * @file
 * What happens to the module, as events of the default event loop.
 *
 * Events are posted without waiting, so that no listener can hold up a reload: without a default
 * event loop nothing is posted, and an event that finds the loop's queue full is lost. Handlers
 * run in the loop's task, at the same time as the operation goes on; what has to happen before the
 * old module goes or before anyone calls the new one belongs into hooks.
 *
 * A reload posts STAGED, SWITCHED and RETIRED, in this order: the pre hooks run between the first
 * two, the post hooks after the second. With CONFIG_HOTRELOAD_UNLOAD_FIRST it posts SWITCHED (to no
 * module), RETIRED, STAGED and SWITCHED. An operation that fails posts FAILED last.
 */
#pragma once

#include <stdint.h>

#include "esp_err.h"
#include "esp_event_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Base of all events here. */
ESP_EVENT_DECLARE_BASE(HOTRELOAD_EVENT);

/** What happened; the data of each event is the structure of the same name. */
typedef enum {
    HOTRELOAD_EVENT_STAGED,   /**< A module is complete in RAM; nobody calls it yet. */
    HOTRELOAD_EVENT_SWITCHED, /**< New calls go to another module, or to none. */
    HOTRELOAD_EVENT_RETIRED,  /**< The last task has left a module and its memory is free again. */
    HOTRELOAD_EVENT_FAILED,   /**< An operation has failed. */
    HOTRELOAD_EVENT_UPDATED,  /**< An update is complete in flash and waits for a reload. */
    HOTRELOAD_EVENT_PASSED_OVER, /**< A load did not take a module in flash, although it was the newest. */
} hotreload_event_id_t;

/** Data of HOTRELOAD_EVENT_STAGED. */
typedef struct {
    uint32_t module; /**< Its number; modules are numbered from 1 since boot. */
    uint32_t size;   /**< Of its file, in bytes. */
} hotreload_event_staged_t;

/** Data of HOTRELOAD_EVENT_SWITCHED. */
typedef struct {
    uint32_t module;   /**< Number of the module that is called now; 0: none. */
    uint32_t previous; /**< Number of the module that was called before; 0: none. */
} hotreload_event_switched_t;

/** Data of HOTRELOAD_EVENT_RETIRED. */
typedef struct {
    uint32_t module; /**< Number of the module that is gone. */
} hotreload_event_retired_t;

/** Data of HOTRELOAD_EVENT_FAILED. */
typedef struct {
    const char *operation; /**< "load", "load_buffer", "reload", "unload" or "update"; a constant. */
    esp_err_t error;       /**< What the operation returns; hotreload_err_to_name() has its name. */
    uint32_t module;       /**< Number of the module that is loaded nevertheless; 0: none. */
} hotreload_event_failed_t;

/** Data of HOTRELOAD_EVENT_UPDATED. */
typedef struct {
    uint32_t size; /**< Of the file, in bytes. */
} hotreload_event_updated_t;

/** Data of HOTRELOAD_EVENT_PASSED_OVER; hotreload_list() tells more about the slot. */
typedef struct {
    uint32_t slot;   /**< Where the module is, 0 or 1. */
    esp_err_t error; /**< Why it was not taken. */
} hotreload_event_passed_over_t;

#ifdef __cplusplus
}
#endif
