/* A module with which the device neither comes up nor crashes. */
#include <stdio.h>

#include "module_api.h"

int32_t answer(void)
{
    return 98;
}

void started(void)
{
    puts("the module hangs");
    for (;;) {
    }
}
