/* Exports one function only: what the firmware's symbol table names is not there. It
 * stands alone, without base.c. */
#include "module_api.h"

int32_t answer(void)
{
    return 45;
}
