/* The base module: a weak definition of everything in module_api.h. */
#include "module_api.h"

#include <stdlib.h>

/* ---- what the firmware calls when it has started ---- */

MODULE_DEFAULT void started(void)
{
}

/* ---- what a variant usually changes ---- */

MODULE_DEFAULT int32_t answer(void)
{
    return 42;
}

MODULE_DEFAULT const char *greeting(void)
{
    return "hello from the base module";
}

MODULE_DEFAULT uint32_t add(uint32_t a, uint32_t b)
{
    return a + b;
}

/* ---- state ---- */

static uint32_t counter;
static list_node_t *list;
static channel_t *channel;

MODULE_DEFAULT uint32_t counter_next(void)
{
    return ++counter;
}

MODULE_DEFAULT uint32_t counter_value(void)
{
    return counter;
}

MODULE_DEFAULT void counter_restore(uint32_t value)
{
    counter = value;
}

static volatile uint32_t tallies[TALLIES];

MODULE_DEFAULT uint32_t tally_next(uint32_t slot)
{
    return ++tallies[slot];
}

MODULE_DEFAULT uint32_t tally_value(uint32_t slot)
{
    return tallies[slot];
}

MODULE_DEFAULT void tally_restore(uint32_t slot, uint32_t value)
{
    tallies[slot] = value;
}

MODULE_DEFAULT uint32_t list_push(uint32_t value)
{
    list_node_t *node = malloc(sizeof(*node));
    if (node == NULL) {
        return 0;
    }
    node->value = value;
    node->next = list;
    list = node;

    uint32_t length = 0;
    for (node = list; node != NULL; node = node->next) {
        length++;
    }
    return length;
}

MODULE_DEFAULT uint32_t list_sum(void)
{
    uint32_t sum = 0;
    for (const list_node_t *node = list; node != NULL; node = node->next) {
        sum += node->value;
    }
    return sum;
}

MODULE_DEFAULT list_node_t *list_release(void)
{
    list_node_t *head = list;
    list = NULL;
    return head;
}

MODULE_DEFAULT void list_adopt(list_node_t *head)
{
    list = head;
}

MODULE_DEFAULT uint32_t link_open(void)
{
    channel = channel_open();
    return channel != NULL;
}

MODULE_DEFAULT uint32_t link_send(uint32_t word)
{
    return channel == NULL ? 0 : channel_write(channel, word);
}

MODULE_DEFAULT channel_t *link_release(void)
{
    channel_t *released = channel;
    channel = NULL;
    return released;
}

MODULE_DEFAULT void link_adopt(channel_t *adopted)
{
    channel = adopted;
}

/* ---- static data ---- */

static uint32_t initialised[4] = {1, 20, 300, 4000};
static uint32_t zeroed[64];

MODULE_DEFAULT uint32_t statics_sum(void)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof(initialised) / sizeof(initialised[0]); i++) {
        sum += initialised[i];
    }
    for (size_t i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++) {
        sum += zeroed[i];
    }
    return sum;
}

MODULE_DEFAULT void statics_scribble(uint32_t value)
{
    for (size_t i = 0; i < sizeof(initialised) / sizeof(initialised[0]); i++) {
        initialised[i] = value;
    }
    for (size_t i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++) {
        zeroed[i] = value;
    }
}

/* ---- pointers ---- */

static int32_t subtract(int32_t a, int32_t b)
{
    return a - b;
}

static int32_t multiply(int32_t a, int32_t b)
{
    return a * b;
}

static const operation_t operations[] = {firmware_add, subtract, multiply};
static const char *const words[] = {"zero", "one", "two", firmware_name};

MODULE_DEFAULT operation_t operation_get(uint32_t which)
{
    return which < sizeof(operations) / sizeof(operations[0]) ? operations[which] : NULL;
}

MODULE_DEFAULT int32_t operation_apply(uint32_t which, int32_t a, int32_t b)
{
    operation_t operation = operation_get(which);
    return operation == NULL ? 0 : operation(a, b);
}

MODULE_DEFAULT const char *word_get(uint32_t which)
{
    return which < sizeof(words) / sizeof(words[0]) ? words[which] : NULL;
}

MODULE_DEFAULT int32_t dispatch(int32_t code)
{
    /* dense and with calls, so that the compiler makes a jump table */
    switch (code) {
    case 0: return firmware_add(code, 100);
    case 1: return 1234567;
    case 2: return (int32_t)firmware_table[3];
    case 3: return multiply(code, -7);
    case 4: return firmware_negate(code);
    case 5: return subtract(code, 1000);
    case 6: return (int32_t)firmware_word;
    case 7: return 77;
    default: return -1;
    }
}

/* ---- signatures ---- */

MODULE_DEFAULT uint32_t sig_nothing(void)
{
    return 0xc0ffee42;
}

MODULE_DEFAULT int8_t sig_int8(int8_t value)
{
    return (int8_t)(value - 1);
}

MODULE_DEFAULT uint16_t sig_uint16(uint16_t value)
{
    return (uint16_t)(value + 1);
}

MODULE_DEFAULT uint64_t sig_mul64(uint64_t a, uint64_t b)
{
    return a * b;
}

MODULE_DEFAULT int64_t sig_mixed64(int32_t a, int64_t b, int32_t c)
{
    /* b is in an even register pair, so one register is left out before it */
    return b * a - c;
}

MODULE_DEFAULT float sig_float(float a, float b)
{
    return a * b + 0.5f;
}

MODULE_DEFAULT double sig_double(double a, float b, int32_t c)
{
    return a / c + (double)b;
}

MODULE_DEFAULT sig_color_t sig_color(sig_color_t color)
{
    sig_color_t turned = {.red = color.blue, .green = color.red, .blue = color.green};
    return turned;
}

MODULE_DEFAULT sig_pair_t sig_pair(int32_t x, sig_pair_t pair)
{
    sig_pair_t sum = {.x = x + pair.y, .y = x - pair.x};
    return sum;
}

MODULE_DEFAULT sig_quad_t sig_quad(sig_quad_t quad, int32_t add)
{
    for (int i = 0; i < 4; i++) {
        quad.word[i] += add * (i + 1);
    }
    return quad;
}

MODULE_DEFAULT sig_big_t sig_big(int32_t start, sig_big_t big)
{
    for (int i = 0; i < 10; i++) {
        big.word[i] = start * (i + 1) - big.word[i];
    }
    return big;
}

MODULE_DEFAULT int32_t sig_ten(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f,
                               int32_t g, int32_t h, int32_t i, int32_t j)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

MODULE_DEFAULT double sig_split(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, double f,
                                sig_pair_t g)
{
    return a + b + c + d + e + f + g.x - g.y;
}

MODULE_DEFAULT int32_t sig_vsum(int32_t count, va_list values)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += (i + 1) * va_arg(values, int32_t);
    }
    return sum;
}

MODULE_DEFAULT int32_t sig_sum(int32_t count, ...)
{
    va_list values;
    va_start(values, count);
    int32_t sum = sig_vsum(count, values);
    va_end(values);
    return sum;
}

MODULE_DEFAULT double sig_sum_double(int32_t count, ...)
{
    va_list values;
    double sum = 0;
    va_start(values, count);
    for (int32_t i = 0; i < count; i++) {
        sum += va_arg(values, double);
    }
    va_end(values);
    return sum;
}

MODULE_DEFAULT int32_t sig_call(int32_t (*callback)(int32_t), int32_t value)
{
    return callback(callback(value)) + 1;
}

MODULE_DEFAULT uint32_t sig_recurse(uint32_t depth)
{
    /* the volatile keeps a live value in every frame of the register windows */
    volatile uint32_t mine = depth;
    return depth == 0 ? 0 : firmware_bounce(depth) + mine;
}

MODULE_DEFAULT uint32_t sig_alloca(uint32_t size)
{
    volatile uint8_t *bytes = __builtin_alloca(size);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    return sum;
}

MODULE_DEFAULT uint32_t sig_large_frame(uint32_t seed)
{
    volatile uint32_t words[512];
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 512; i++) {
        words[i] = seed + i;
    }
    for (uint32_t i = 0; i < 512; i++) {
        sum += words[i];
    }
    return sum;
}

MODULE_DEFAULT uint32_t visit(uint32_t depth, uint32_t slot)
{
    volatile uint32_t mine = depth;
    if (depth > 0) {
        return firmware_visit(depth, slot) + (mine - depth);
    }
    const volatile bool *go = firmware_stay(slot);
    while (!*go) {
    }
    return (uint32_t)answer();
}

MODULE_DEFAULT void visit_as_task(void *slot)
{
    firmware_leave((uint32_t)(uintptr_t)slot, visit(0, (uint32_t)(uintptr_t)slot));
}
