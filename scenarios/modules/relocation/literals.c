/* Many different literals: the literal pool is long, within and between functions. */
#include "module_api.h"

static uint32_t first(uint32_t x)
{
    return (x ^ 0x12345678) + (x * 0x9e3779b1) + (x | 0x0f0f0f0f) + (x & 0xdeadbeef);
}

static uint32_t second(uint32_t x)
{
    return (x ^ 0x87654321) + (x * 0x85ebca77) + (x | 0xf0f0f0f0) + (x & 0xcafebabe);
}

int32_t answer(void)
{
    return (int32_t)(first(firmware_word) + second((uint32_t)(uintptr_t)&first & 1));
}
