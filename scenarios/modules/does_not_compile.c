/* A slip of the pen: the compiler's own message is what its author needs. */
#include "module_api.h"

int32_t answer(void)
{
    return forty_two;
}
