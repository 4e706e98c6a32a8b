/* SPDX-License-Identifier: MIT */
#include "staged.h"

#include <assert.h>
#include <stdlib.h>

#include "memory.h"

#define TEXT_AT 0x400a0000
#define DATA_AT 0x3ffb0000

/* of the runner otherwise */
const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

/* Makes the bytes that a relocation may write the same in both. */
static void forget_relocated(const hr_image_t *image, const hr_segment_t *segment,
                             uint8_t *expected, const uint8_t *loaded)
{
    for (uint32_t t = 0; t < HR_RELOCATION_TABLES; t++) {
        for (uint32_t i = 0; i < image->relocations[t].count; i++) {
            hr_elf_rela_t copy;
            const hr_elf_rela_t *rela = hr_image_rela(image, image->relocations[t], i, &copy);
            for (uint32_t byte = 0; byte < 4; byte++) {
                uint32_t at = rela->offset + byte - segment->link;
                if (at < segment->memory_size) {
                    expected[at] = loaded[at];
                }
            }
        }
    }
}

static void check_segment(const hr_image_t *image, const hr_segment_t *segment,
                          const hr_placed_t *placed)
{
    assert(placed->link == segment->link && placed->size == segment->memory_size
           && "a segment is placed with its address and size");
    assert((placed->run - placed->link) % segment->align == 0
           && "a segment keeps its alignment");
    uint8_t *expected = calloc(1, segment->memory_size);
    memcpy(expected, image->data + segment->offset, segment->file_size);
    forget_relocated(image, segment, expected, placed->memory);
    assert(memcmp(expected, placed->memory, segment->memory_size) == 0
           && "the loaded bytes are those of the file");
    free(expected);
}

void staged_check(const hr_image_t *image, uint32_t *addresses, size_t count)
{
    hr_module_t module = {.target.exports.count = count, .addresses = addresses};
    hr_report_t report;
    if (hr_module_stage(&module, 1, image, memory_at(TEXT_AT, DATA_AT), &report) != ESP_OK) {
        return; /* it wants more memory than a device has */
    }
    assert(module.placement.count == image->load_count && "each segment is placed");
    for (uint32_t i = 0; i < image->load_count; i++) {
        check_segment(image, &image->segments[i], &module.placement.segments[i]);
    }
    for (size_t i = 0; i < count; i++) {
        assert(hr_place_is_inside(&module.placement, HR_SEGMENT_TEXT, addresses[i])
               && "a function that the firmware calls is in the text");
    }
    hr_module_free(&module);
}
