/* SPDX-License-Identifier: MIT */
/* FreeRTOS's API over the board's own kernel */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/reent.h>

#include "freertos/FreeRTOSConfig.h"
#include "freertos/portmacro.h"
#include "freertos/projdefs.h"
#include "esp_assert.h"
#include "esp_err.h"
#include "esp_heap_caps.h"
#include "esp_attr.h"

#define tskKERNEL_VERSION_NUMBER "V10.4.3"
#define tskKERNEL_VERSION_MAJOR 10
#define tskKERNEL_VERSION_MINOR 4
#define tskKERNEL_VERSION_BUILD 3

#ifdef __cplusplus
extern "C" {
#endif

/* room for the kernel's objects; the kernel asserts that they fit */
typedef struct {
    uint32_t room[48 + (2 * configTASK_NOTIFICATION_ARRAY_ENTRIES) +
                  (2 * configNUM_THREAD_LOCAL_STORAGE_POINTERS) +
                  ((configMAX_TASK_NAME_LEN + 3) / 4)];
    struct _reent reent;
} StaticTask_t;

typedef struct {
    uint32_t room[28];
} StaticQueue_t;

typedef StaticQueue_t StaticSemaphore_t;

typedef struct {
    uint32_t room[8];
} StaticEventGroup_t;

typedef struct {
    uint32_t room[16];
} StaticTimer_t;

#ifdef __cplusplus
}
#endif
