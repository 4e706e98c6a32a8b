/* The same state in another layout: the counter has moved behind other data, and the
 * statics have other sizes and another order. */
#include "module_api.h"

static const char *const labels[3] = {"first", "second", "third"};
static struct {
    uint64_t wide;
    uint8_t narrow;
    uint32_t counter;
} state = {.wide = 0x1122334455667788, .narrow = 9};
static uint16_t small[300];

uint32_t counter_next(void)
{
    return ++state.counter;
}

uint32_t counter_value(void)
{
    return state.counter;
}

void counter_restore(uint32_t value)
{
    state.counter = value;
}

uint32_t statics_sum(void)
{
    uint32_t sum = (uint32_t)state.wide + state.narrow;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        sum += small[i];
    }
    return sum;
}

void statics_scribble(uint32_t value)
{
    state.wide = value;
    state.narrow = (uint8_t)value;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        small[i] = (uint16_t)value;
    }
}

const char *word_get(uint32_t which)
{
    return which < 3 ? labels[which] : NULL;
}
