/* SPDX-License-Identifier: MIT */
/* What /status, /pending and the answers to changing requests say. */
#pragma once

#include <stddef.h>

#include "server/hr_answer.h"

/* room for hr_status_describe(): for what is in flash, and for all the rest */
#define HR_STATUS_LISTS_SIZE 1216
#define HR_STATUS_SIZE (HR_STATUS_LISTS_SIZE + 1440)

/* The whole state; `partition` and `max_size` say where uploads go and how large they may be. */
void hr_status_describe(hr_answer_t *answer, const char *partition, size_t max_size);

/* The update that waits. */
void hr_status_describe_pending(hr_answer_t *answer);

/* 200 with the module that is loaded and the size of its ELF. */
void hr_status_describe_module(hr_answer_t *answer);

/* 200 with the module that is loaded and the size of the ELF that was uploaded. */
void hr_status_describe_upload(hr_answer_t *answer, size_t size);

/* 202 with the update that waits. */
void hr_status_describe_accepted(hr_answer_t *answer);
