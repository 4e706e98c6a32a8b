/* SPDX-License-Identifier: MIT */
/* The modules in flash that the last load did not take, although they were the newer ones. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "flash/hr_store.h"
#include "port/hr_report.h"

#define HR_PASSED_MAX HR_STORE_SLOTS
#define HR_PASSED_MESSAGE_SIZE 96

typedef struct {
    uint32_t slot; /* index */
    bool hash_known;
    uint8_t hash[HR_SHA256_SIZE];
    esp_err_t error;
    char message[HR_PASSED_MESSAGE_SIZE]; /* cut off when it is longer */
} hr_passed_t;

/* A load begins to look for its module: what was passed over before is forgotten. */
void hr_passed_begin(void);

/* Tells the log and the application about one more, and keeps it; `hash` may be NULL. A
   hr_store_passed_t. */
void hr_passed_add(uint32_t slot, const uint8_t *hash, esp_err_t err, const hr_report_t *report);

/* Those of the last load, the newest first. Returns how many. */
uint32_t hr_passed_list(hr_passed_t list[HR_PASSED_MAX]);
