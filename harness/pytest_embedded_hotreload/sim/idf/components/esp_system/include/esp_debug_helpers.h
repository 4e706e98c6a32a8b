/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "xtensa/xtensa_context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t pc;      /* with the call size in bits 31:30, but for the first */
    uint32_t sp;
    uint32_t next_pc; /* of the caller; 0 ends the walk */
    const void *exc_frame;
} esp_backtrace_frame_t;

/* the caller of this function, with all register windows on the stack */
void esp_backtrace_get_start(uint32_t *pc, uint32_t *sp, uint32_t *next_pc);

/* steps to the caller; false when the stack pointer or the address makes no sense */
bool esp_backtrace_get_next_frame(esp_backtrace_frame_t *frame);

esp_err_t esp_backtrace_print(int depth);
esp_err_t esp_backtrace_print_from_frame(int depth, const esp_backtrace_frame_t *frame, bool panic);

#ifdef __cplusplus
}
#endif
