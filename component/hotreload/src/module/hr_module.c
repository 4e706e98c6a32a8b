/* SPDX-License-Identifier: MIT */
#include "module/hr_module.h"

#include <inttypes.h>
#include <stdlib.h>

#include "arch/hr_entry.h"
#include "arch/hr_reloc.h"
#include "elf/hr_identity.h"
#include "elf/hr_image_mac.h"
#include "elf/hr_symbol.h"
#include "freertos/FreeRTOS.h"
#include "module/hr_functions.h"
#include "port/hr_trace.h"
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_RETIRE_FILL
#define FILLED true
#else
#define FILLED false
#endif

/* No instruction, no address, and easily recognised. */
#define FILL 0xa5a5a5a5

/* All that are in memory. */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static hr_module_t *placed;

hr_module_t *hr_module_create(const hr_target_t *target)
{
    size_t count = target->exports.count;
    hr_module_t *module = calloc(1, sizeof(*module) + count * sizeof(uint32_t));
    if (module != NULL) {
        module->target = *target;
        module->addresses = (uint32_t *)(module + 1);
    }
    return module;
}

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
#if CONFIG_HOTRELOAD_AUTH
    if (err == ESP_OK) {
        err = hr_image_mac_check(image, hotreload_auth_key, hotreload_build_floor, report);
    }
#endif
    if (err == ESP_OK) {
        err = hr_reloc_check(image, &relocations, report);
    }
    if (err == ESP_OK) {
        err = hr_functions_check(image, report);
    }
    if (err == ESP_OK) {
        err = hr_symbol_find_exports(image, exports->names, exports->count, links, report);
    }
    if (err == ESP_OK) {
        err = hr_entry_check(image, exports->names, links, exports->count, report);
    }
    if (err == ESP_OK) {
        hr_trace("validate", "size=%" PRIu32 " segments=%" PRIu32 " relocs=%" PRIu32
                 " symbols=%" PRIu32, image->size, image->load_count, relocations,
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

static void list(hr_module_t *module)
{
    portENTER_CRITICAL(&lock);
    module->next_placed = placed;
    placed = module;
    portEXIT_CRITICAL(&lock);
}

static void unlist(const hr_module_t *module)
{
    portENTER_CRITICAL(&lock);
    if (placed == module) {
        placed = module->next_placed;
    } else {
        hr_module_t *before = placed;
        while (before->next_placed != module) {
            before = before->next_placed;
        }
        before->next_placed = module->next_placed;
    }
    portEXIT_CRITICAL(&lock);
}

esp_err_t hr_module_stage(hr_module_t *module, uint32_t number, const hr_image_t *image,
                          const hr_memory_t *memory, hr_report_t *report)
{
    module->number = number;
    module->size = image->size;
    module->constructors = image->constructors;
    module->destructors = image->destructors;
    esp_err_t err = hr_place(&module->placement, image, memory, report);
    if (err != ESP_OK) {
        return err;
    }
    list(module);
    trace_segments(module, image);

    hr_reloc_apply(image, &module->placement);
    memory->complete(memory->context);
    hr_trace("relocate", "module=%" PRIu32 " relative=%" PRIu32 " r32=%" PRIu32
             " glob_dat=%" PRIu32 " jmp_slot=%" PRIu32 " plt=%" PRIu32 " none=%" PRIu32
             " other=%" PRIu32, number, hr_reloc_count(image, HR_R_XTENSA_RELATIVE),
             hr_reloc_count(image, HR_R_XTENSA_32), hr_reloc_count(image, HR_R_XTENSA_GLOB_DAT),
             hr_reloc_count(image, HR_R_XTENSA_JMP_SLOT), hr_reloc_count(image, HR_R_XTENSA_PLT),
             hr_reloc_count(image, HR_R_XTENSA_NONE),
             hr_reloc_count(image, HR_R_XTENSA_RTLD)); /* which needs nothing either */

    size_t count = module->target.exports.count;
    hr_place_resolve(&module->placement, module->addresses, count);
    hr_trace("resolve", "module=%" PRIu32 " symbols=%" PRIu32 " elf=%08" PRIx32, number,
             (uint32_t)count, module->mark);
    return ESP_OK;
}

void hr_module_free(hr_module_t *module)
{
    unlist(module);
    if (FILLED) {
        hr_place_fill(&module->placement, FILL);
    }
    hr_place_release(&module->placement);
}

bool hr_module_has_code_at(uint32_t address)
{
    bool found = false;
    portENTER_CRITICAL(&lock);
    for (const hr_module_t *module = placed; module != NULL; module = module->next_placed) {
        found = found || hr_place_is_inside(&module->placement, HR_SEGMENT_TEXT, address);
    }
    portEXIT_CRITICAL(&lock);
    return found;
}

size_t hr_module_texts(hr_text_t *texts, size_t room)
{
    size_t count = 0;
    portENTER_CRITICAL(&lock);
    for (const hr_module_t *module = placed; module != NULL; module = module->next_placed) {
        for (uint32_t i = 0; i < module->placement.count; i++) {
            const hr_placed_t *segment = &module->placement.segments[i];
            if (segment->kind == HR_SEGMENT_TEXT && count++ < room) {
                texts[count - 1] = (hr_text_t) {segment->run, segment->size};
            }
        }
    }
    portEXIT_CRITICAL(&lock);
    return count;
}

const hr_module_t *hr_module_newest(void)
{
    return placed;
}

uint32_t hr_module_memory(const hr_module_t *module)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < module->placement.count; i++) {
        sum += module->placement.segments[i].size;
    }
    return sum;
}
