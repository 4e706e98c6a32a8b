/* A module that hangs with interrupts masked: no tick, no timer, no other task. */
#include <stdio.h>

#include "freertos/FreeRTOS.h"
#include "module_api.h"

int32_t answer(void)
{
    return 97;
}

void started(void)
{
    puts("the module hangs");
    portDISABLE_INTERRUPTS();
    for (;;) {
    }
}
