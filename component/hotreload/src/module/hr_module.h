/* SPDX-License-Identifier: MIT */
/* One module: from an ELF image to code that can be called. */
#pragma once

#include "module/hr_place.h"

typedef struct hr_module {
    struct hr_module *next_retired;
    uint32_t number; /* counts up from 1 since boot */
    uint32_t size;   /* of the ELF */
    hr_placement_t placement;
} hr_module_t;

/* What the firmware wants of a module. */
typedef struct {
    const char *const *names;
    size_t count;
} hr_exports_t;

/* Checks a whole image as a load does, without placing it. `links` receives the link address of
   each export, `image` is ready to be placed. */
esp_err_t hr_module_check(hr_image_t *image, const void *data, size_t size,
                          const hr_exports_t *exports, uint32_t *links, hr_report_t *report);

/* Places and relocates a checked image as module `number`, and turns the link addresses of its
   exports into run addresses. On failure nothing stays allocated. */
esp_err_t hr_module_stage(hr_module_t *module, uint32_t number, const hr_image_t *image,
                          const hr_memory_t *memory, uint32_t *addresses, size_t count,
                          hr_report_t *report);

/* Gives the module's memory back. Nobody may be executing it. */
void hr_module_free(hr_module_t *module);
