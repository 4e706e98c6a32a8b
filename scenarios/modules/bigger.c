/* A bigger module: 24 KB of constants, 8 KB of zeroes, and code that looks at them. */
#include "module_api.h"

#define FOUR(x) (x), (x) + 1, (x) + 2, (x) + 3
#define SIXTEEN(x) FOUR(x), FOUR((x) + 4), FOUR((x) + 8), FOUR((x) + 12)

static const uint32_t constants[6144] = {SIXTEEN(1), SIXTEEN(100), [6143] = 77};
static volatile uint32_t zeroes[2048];

int32_t answer(void)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 6144; i++) {
        sum += constants[i];
    }
    for (size_t i = 0; i < 2048; i++) {
        sum += zeroes[i];
    }
    return (int32_t)sum;
}
