/* Pointers to before the object they belong to: one-based arrays, biased tables. */
#include "module_api.h"

static int32_t numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static int32_t *volatile one_based = numbers - 1;
static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
static const char *volatile by_code = letters - 'a';
static const char *volatile before_all = letters - 4000;
static const uint32_t *volatile far_before = firmware_table - 1000;
static int32_t zeroes[4];
static int32_t *volatile before_zeroes = zeroes - 16;

int32_t answer(void)
{
    return one_based[8] + by_code['e'] + before_all[4001] + (int32_t)far_before[1007] +
           before_zeroes[19];
}
