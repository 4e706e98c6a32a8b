/* SPDX-License-Identifier: MIT */
/* One module: from an ELF image to code that can be called. */
#pragma once

#include "arch/hr_stack.h"
#include "module/hr_place.h"
#include "module/hr_target.h"
#include "port/hr_idle.h"

/* Objects of the kernel in the memory of a module, as far as it was looked at. */
typedef enum {
    HR_OBJECTS_NONE,
    HR_OBJECTS_SEEN,
    HR_OBJECTS_GONE, /* from the kernel's lists; an idle task may not have done with them */
} hr_objects_t;

typedef struct hr_module {
    struct hr_module *next_placed;
    struct hr_module *next_retired;
    uint32_t number; /* counts up from 1 since boot */
    uint32_t size;   /* of the file */
    uint32_t mark;   /* the first four bytes of the ELF's SHA-256, 0: not known, it came from RAM */
    hr_target_t target; /* the table that leads to it while it is loaded */
    uint32_t *addresses; /* of the exports: where they are linked, once placed where they run */
    hr_placement_t placement;
    hr_functions_t constructors;
    hr_functions_t destructors; /* those that have not run */
    hr_objects_t objects;
    hr_idle_t cleaned; /* with HR_OBJECTS_GONE: when that was seen */
} hr_module_t;

/* A module that is nothing yet, and the room for its addresses; NULL: no memory. Given back by
   free() while it is not placed. */
hr_module_t *hr_module_create(const hr_target_t *target);

/* Checks a whole image as a load does, without placing it. `links` receives the link address of
   each export, `image` is ready to be placed. */
esp_err_t hr_module_check(hr_image_t *image, const void *data, size_t size,
                          const hr_exports_t *exports, uint32_t *links, hr_report_t *report);

/* Places and relocates a checked image as module `number`, and turns the link addresses of its
   exports into run addresses. On failure nothing stays allocated. */
esp_err_t hr_module_stage(hr_module_t *module, uint32_t number, const hr_image_t *image,
                          const hr_memory_t *memory, hr_report_t *report);

/* Gives the memory of its segments back. Nobody may be executing it. */
void hr_module_free(hr_module_t *module);

/* Whether an address lies in the text of a module that is in memory, be it being staged, loaded or
   retired. */
bool hr_module_has_code_at(uint32_t address);

/* The texts of all modules in memory, as many as there is room for. Returns how many there are. */
size_t hr_module_texts(hr_text_t *texts, size_t room);

/* The one that was placed last of those in memory, which leads to the others; NULL: there is none.
   Takes no lock: for whoever is alone, at the end of a device. */
const hr_module_t *hr_module_newest(void);

/* The bytes of its segments. */
uint32_t hr_module_memory(const hr_module_t *module);
