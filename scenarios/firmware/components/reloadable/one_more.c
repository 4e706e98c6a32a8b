/* What only the module of the other build of the firmware exports. */
#include <stdint.h>

int32_t one_more(void)
{
    return 1;
}
