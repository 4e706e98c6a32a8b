/* Pointers to the firmware's functions and data, with and without an offset. They are
 * volatile so that the compiler keeps them. */
#include "module_api.h"

static int32_t (*volatile functions[])(int32_t) = {firmware_negate, NULL, firmware_negate};
static const uint32_t *volatile elements[] = {firmware_table, firmware_table + 7,
                                              &firmware_table[3]};
static uint32_t *volatile word = &firmware_word;
static const char *volatile name = firmware_name + 9;
static int32_t (**volatile operation)(int32_t, int32_t) = &firmware_operation;

int32_t answer(void)
{
    return functions[2](-100) + (int32_t)(*elements[1] + *elements[2]) + (*operation)(1, 2) +
           (*word == firmware_word) + name[0];
}
