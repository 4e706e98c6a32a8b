/* Changed constants: one in the code, one in read-only data, one in the string table. */
#include "module_api.h"

static const uint32_t offsets[2] = {100000, 7};

int32_t answer(void)
{
    return 1234567;
}

uint32_t add(uint32_t a, uint32_t b)
{
    return a + b + offsets[a & 1];
}

const char *greeting(void)
{
    return "hello from a changed constant";
}
