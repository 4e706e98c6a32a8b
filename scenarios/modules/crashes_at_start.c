/* A module with which the device does not come up. */
#include <stdlib.h>

#include "module_api.h"

int32_t answer(void)
{
    return 99;
}

void started(void)
{
    abort();
}
