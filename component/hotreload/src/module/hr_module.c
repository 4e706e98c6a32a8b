/* SPDX-License-Identifier: MIT */
#include "module/hr_module.h"

#include <inttypes.h>

#include "arch/hr_entry.h"
#include "elf/hr_identity.h"
#include "arch/hr_reloc.h"
#include "elf/hr_symbol.h"
#include "port/hr_trace.h"

static const char *kind_name(hr_segment_kind_t kind)
{
    return kind == HR_SEGMENT_TEXT ? "text" : "data";
}

esp_err_t hr_module_check(hr_image_t *image, const void *data, size_t size,
                          const hr_exports_t *exports, uint32_t *links, hr_report_t *report)
{
    uint32_t relocations = 0;
    esp_err_t err = hr_image_open(image, data, size, report);
    if (err == ESP_OK) {
        err = hr_identity_check(image, report);
    }
    if (err == ESP_OK) {
        err = hr_reloc_check(image, &relocations, report);
    }
    if (err == ESP_OK) {
        err = hr_symbol_find_exports(image, exports->names, exports->count, links, report);
    }
    for (size_t i = 0; err == ESP_OK && i < exports->count; i++) {
        err = hr_entry_check(image, exports->names[i], links[i], report);
    }
    if (err == ESP_OK) {
        hr_trace("validate", "size=%" PRIu32 " segments=%" PRIu32 " relocs=%" PRIu32
                 " symbols=%" PRIu32, image->extent, image->load_count, relocations,
                 image->symbols.count);
    }
    return err;
}

static void trace_segments(const hr_module_t *module, const hr_image_t *image)
{
    for (uint32_t i = 0; i < module->placement.count; i++) {
        const hr_placed_t *segment = &module->placement.segments[i];
        hr_trace("place", "module=%" PRIu32 " seg=%" PRIu32 " kind=%s link=0x%08" PRIx32
                 " size=%" PRIu32 " filesz=%" PRIu32 " addr=0x%08" PRIx32,
                 module->number, i, kind_name(segment->kind), segment->link, segment->size,
                 image->segments[i].file_size, segment->run);
    }
}

esp_err_t hr_module_stage(hr_module_t *module, uint32_t number, const hr_image_t *image,
                          const hr_memory_t *memory, uint32_t *addresses, size_t count,
                          hr_report_t *report)
{
    *module = (hr_module_t) {.number = number, .size = image->extent};
    esp_err_t err = hr_place(&module->placement, image, memory, report);
    if (err != ESP_OK) {
        return err;
    }
    trace_segments(module, image);

    hr_reloc_counts_t done;
    hr_reloc_apply(image, &module->placement, &done);
    memory->complete(memory->context);
    hr_trace("relocate", "module=%" PRIu32 " relative=%" PRIu32 " r32=%" PRIu32
             " glob_dat=%" PRIu32 " jmp_slot=%" PRIu32 " plt=%" PRIu32 " none=%" PRIu32
             " other=%" PRIu32, number, done.relative, done.r32, done.glob_dat, done.jmp_slot,
             done.plt, done.none, done.other);

    for (size_t i = 0; i < count; i++) {
        addresses[i] = hr_place_run_address(&module->placement, addresses[i]);
    }
    hr_trace("resolve", "module=%" PRIu32 " symbols=%" PRIu32, number, (uint32_t)count);
    return ESP_OK;
}

void hr_module_free(hr_module_t *module)
{
    hr_place_release(&module->placement);
}
