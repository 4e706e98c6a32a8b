/* SPDX-License-Identifier: MIT */
/* The one way in which a module is loaded, and the one in which it is replaced. For use inside an
   operation. */
#pragma once

#include "flash/hr_store.h"
#include "module/hr_module.h"
#include "port/hr_report.h"

/* What is asked for. */
typedef struct {
    hr_target_t target;
    const char *label; /* of the partition that the module is in; NULL: in RAM */
    const void *data;  /* the ELF in RAM, and its size */
    size_t size;
    const hr_origin_t *without; /* not this one of the partition; NULL: any */
} hr_load_t;

/* Loads a module where none is loaded. Runs no hooks. */
esp_err_t hr_load_first(const hr_load_t *load, hr_report_t *report);

/* Puts a module in the place of the one that is loaded, between the hooks. With none loaded it does
   the same without an old module. After a failure the old module goes on; with
   CONFIG_HOTRELOAD_UNLOAD_FIRST, once it is unloaded, the newest one in flash that can be loaded.

   `leaving` receives the module that went, or that did not get its turn; NULL: there is none, or it is
   gone. The caller owes it hr_retire_free() when the operation has ended. */
esp_err_t hr_load_replace(const hr_load_t *load, hr_module_t **leaving, hr_report_t *report);

/* The loaded module goes, as above. ESP_ERR_INVALID_STATE when there is none. */
esp_err_t hr_load_unload(hr_module_t **leaving, hr_report_t *report);
