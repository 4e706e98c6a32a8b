/* SPDX-License-Identifier: MIT */
#include "arch/hr_entry.h"

#include <inttypes.h>

#include "hotreload.h"

/* Longest part of a name that a message shows. */
#define NAME_SHOWN "%.64s"

/* ENTRY is the only instruction with this low byte (Xtensa ISA manual, ENTRY): op0 is SI, n is 3
   and m is 0. The register is in bits 8-11, the frame size / 8 in bits 12-23. */
#define ENTRY_BYTE 0x36
#define STACK_POINTER 1

#ifdef __XTENSA_CALL0_ABI__

/* the shortest instruction */
#define CODE_SIZE 2

/* A stub jumps to the first instruction, which may be any but ENTRY: that raises an exception where
   register windows are off, and its function would return by another instruction than RET. */
static esp_err_t check_code(const uint8_t *code, const char *name, uint32_t link,
                            hr_report_t *report)
{
    if (code[0] == ENTRY_BYTE) {
        return hr_reject(report, HOTRELOAD_ERR_ENTRY,
                         "function " NAME_SHOWN " at 0x%" PRIx32
                         " starts with `entry`: it has the windowed ABI, the firmware has call0",
                         name, link);
    }
    return ESP_OK;
}

#else

#define CODE_SIZE 3

/* A stub jumps behind the function's `entry a1, N` and takes N from the instruction. */
static esp_err_t check_code(const uint8_t *code, const char *name, uint32_t link,
                            hr_report_t *report)
{
    if (code[0] != ENTRY_BYTE || (code[1] & 15) != STACK_POINTER) {
        return hr_reject(report, HOTRELOAD_ERR_ENTRY,
                         "function " NAME_SHOWN " at 0x%" PRIx32
                         " starts with %02x %02x %02x, not with `entry a1, N`",
                         name, link, code[0], code[1], code[2]);
    }
    return ESP_OK;
}

#endif

static bool has_code(const hr_segment_t *segment, uint32_t link)
{
    uint32_t at = link - segment->link; /* huge in front of the segment */
    return segment->kind == HR_SEGMENT_TEXT && at < segment->file_size
           && CODE_SIZE <= segment->file_size - at && link % 4 == 0;
}

esp_err_t hr_entry_check(const hr_image_t *image, const char *const *names, const uint32_t *links,
                         size_t count, hr_report_t *report)
{
    const hr_segment_t *segment = image->segments;
    esp_err_t err = ESP_OK;
    for (size_t i = 0; err == ESP_OK && i < count; i++) {
        if (!has_code(segment, links[i])) { /* most are where the one before is */
            segment = hr_image_segment(image, links[i], CODE_SIZE);
            if (segment == NULL || !has_code(segment, links[i])) {
                return hr_reject(report, HOTRELOAD_ERR_ENTRY,
                                 "function " NAME_SHOWN ": st_value 0x%" PRIx32
                                 " is not a multiple of 4 inside the text", names[i], links[i]);
            }
        }
        const uint8_t *code = image->data + segment->offset + (links[i] - segment->link);
        err = check_code(code, names[i], links[i], report);
    }
    return err;
}
