/* A new function body. */
#include "module_api.h"

int32_t answer(void)
{
    return 43;
}
