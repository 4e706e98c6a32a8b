/* SPDX-License-Identifier: MIT */
#include "staged.h"

#include <stdlib.h>

#include "memory.h"

#define TEXT_AT 0x400a0000
#define DATA_AT 0x3ffb0000

/* of the runner otherwise */
const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
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
    require(placed->link == segment->link && placed->size == segment->memory_size);
    require((placed->run - placed->link) % segment->align == 0);
    uint8_t *expected = calloc(1, segment->memory_size);
    memcpy(expected, image->data + segment->offset, segment->file_size);
    forget_relocated(image, segment, expected, placed->memory);
    require(memcmp(expected, placed->memory, segment->memory_size) == 0);
    free(expected);
}

void staged_check(const hr_image_t *image, uint32_t *addresses, size_t count)
{
    hr_module_t module = {.target.exports.count = count, .addresses = addresses};
    hr_report_t report;
    if (hr_module_stage(&module, 1, image, memory_at(TEXT_AT, DATA_AT), &report) != ESP_OK) {
        return; /* it wants more memory than a device has */
    }
    require(module.placement.count == image->load_count);
    for (uint32_t i = 0; i < image->load_count; i++) {
        check_segment(image, &image->segments[i], &module.placement.segments[i]);
    }
    for (size_t i = 0; i < count; i++) {
        require(hr_place_is_inside(&module.placement, HR_SEGMENT_TEXT, addresses[i]));
    }
    hr_module_free(&module);
}
