/* Function pointers: constant and writable tables, static and exported targets, a table of
 * structs, a pointer to a table. */
#include "module_api.h"

static int32_t twice(int32_t a, int32_t b)
{
    return 2 * (a + b);
}

static int32_t difference(int32_t a, int32_t b)
{
    return a - b;
}

static const operation_t constant[] = {twice, difference, firmware_add, NULL, twice};
static operation_t writable[] = {difference, NULL, twice};
static const struct {
    const char *name;
    operation_t operation;
    int32_t bias;
} named[] = {{"twice", twice, 1}, {"difference", difference, -1}, {"add", firmware_add, 0}};
static const operation_t *const tables[] = {constant, writable, constant + 1};
static int32_t (*self)(void) = answer;

operation_t operation_get(uint32_t which)
{
    return which < 3 ? tables[which][0] : named[which % 3].operation;
}

int32_t answer(void)
{
    return self == answer ? writable[2](named[0].bias, 20) : 0;
}
