/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "esp_event.h"
#include "hotreload.h"
#include "hotreload_event.h"

static esp_err_t result;
static void (*listener)(const char *event);

void events_set_listener(void (*new_listener)(const char *event))
{
    listener = new_listener;
}

void events_set_result(esp_err_t new_result)
{
    result = new_result;
}

/* Returns the name of the event. */
static const char *print(int32_t id, const void *data, size_t size)
{
    const hotreload_event_staged_t *staged = data;
    const hotreload_event_switched_t *switched = data;
    const hotreload_event_retired_t *retired = data;
    const hotreload_event_failed_t *failed = data;
    const hotreload_event_updated_t *updated = data;
    const hotreload_event_passed_over_t *passed_over = data;
    switch (id) {
    case HOTRELOAD_EVENT_STAGED:
        assert(size == sizeof(*staged));
        printf("event staged module=%" PRIu32 " size=%" PRIu32 "\n", staged->module, staged->size);
        return "staged";
    case HOTRELOAD_EVENT_SWITCHED:
        assert(size == sizeof(*switched));
        printf("event switched module=%" PRIu32 " previous=%" PRIu32 "\n", switched->module,
               switched->previous);
        return "switched";
    case HOTRELOAD_EVENT_RETIRED:
        assert(size == sizeof(*retired));
        printf("event retired module=%" PRIu32 "\n", retired->module);
        return "retired";
    case HOTRELOAD_EVENT_FAILED:
        assert(size == sizeof(*failed));
        printf("event failed operation=%s error=%s module=%" PRIu32 "\n", failed->operation,
               hotreload_err_to_name(failed->error), failed->module);
        return "failed";
    case HOTRELOAD_EVENT_UPDATED:
        assert(size == sizeof(*updated));
        printf("event updated size=%" PRIu32 "\n", updated->size);
        return "updated";
    case HOTRELOAD_EVENT_PASSED_OVER:
        assert(size == sizeof(*passed_over));
        printf("event passed_over slot=%" PRIu32 " error=%s\n", passed_over->slot,
               hotreload_err_to_name(passed_over->error));
        return "passed_over";
    default:
        assert(!"an event of the header");
        return "";
    }
}

esp_err_t esp_event_post(esp_event_base_t base, int32_t id, const void *data, size_t size,
                         uint32_t ticks_to_wait)
{
    assert(base == HOTRELOAD_EVENT);
    assert(ticks_to_wait == 0);
    if (result == ESP_OK) {
        const char *name = print(id, data, size);
        if (listener != NULL) {
            listener(name);
        }
    }
    return result;
}
