/* Weak symbols: undefined functions and data that nobody has, and some that the firmware
 * has. The pointers are volatile so that the compiler keeps them. */
#include "module_api.h"

int32_t nobody_has_this(int32_t value) __attribute__((weak));
extern uint32_t nobody_has_that __attribute__((weak));
int32_t firmware_negate(int32_t a) __attribute__((weak));
extern uint32_t firmware_word __attribute__((weak));

static int32_t (*volatile missing)(int32_t) = nobody_has_this;
static uint32_t *volatile missing_data = &nobody_has_that;
static int32_t (*volatile present)(int32_t) = firmware_negate;
static uint32_t *volatile present_data = &firmware_word;

int32_t answer(void)
{
    int32_t sum = nobody_has_this == NULL ? 1 : nobody_has_this(1000);
    sum += &nobody_has_that == NULL ? 2 : 1000;
    sum += missing == NULL && missing_data == NULL ? 4 : 1000;
    sum += present(-8);
    return sum + (*present_data == firmware_word ? 16 : 0);
}
