/* A module whose interrupt handler does not come to its end. */
#include <stdio.h>

#include "esp_intr_alloc.h"
#include "module_api.h"

int32_t answer(void)
{
    return 96;
}

static void hang(void *arg)
{
    (void)arg;
    for (;;) {
    }
}

void started(void)
{
    intr_handle_t handle;
    if (esp_intr_alloc(ETS_INTERNAL_SW0_INTR_SOURCE, 0, hang, NULL, &handle) != ESP_OK) {
        return;
    }
    puts("the module hangs");
    uint32_t mask = 1u << esp_intr_get_intno(handle);
    __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(mask) : "memory");
}
