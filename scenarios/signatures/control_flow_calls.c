/* Calls of the functions of control_flow.h, with the results that they must have. */
#include <string.h>

#include "control_flow.h"
#include "signature_run.h"

/* more frames than any register file has, in 300 calls through a stub and 300 back */
#define DEEP 320
#define DEEP_WORDS 100

uint32_t flow_bounce(uint32_t depth, sig_function_t *next)
{
    volatile uint32_t mine = depth;
    return ((flow_dive_t *)next)(depth, next) + (mine - depth);
}

flow_words_t flow_bounce_words(uint32_t depth, flow_words_t words, sig_function_t *next)
{
    volatile uint32_t mine = depth;
    words = ((flow_dive_words_t *)next)(depth, words, next);
    words.word[6] += mine - depth;
    return words;
}

bool flow_visit(volatile uint8_t *memory, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        memory[i] = (uint8_t)(i * 7 + size);
    }
    for (uint32_t i = 0; i < size; i++) {
        if (memory[i] != (uint8_t)(i * 7 + size)) {
            return false;
        }
    }
    return true;
}

static int32_t step(int32_t value, int64_t add)
{
    return 3 * value + (int32_t)add;
}

static void call_callback(sig_function_t *function)
{
    SIG_LIVE_BEGIN();
    int32_t result = ((flow_callback_t *)function)(step, -5);
    SIG_LIVE_END();
    sig_expect(result == -14, "result"); /* ((-5 * 3 + 7) * 3 + 9) + 1 */
}

static void call_pointer(sig_function_t *function)
{
    static const int32_t wanted[] = {-35, -49, -294};
    bool right = true;
    for (unsigned which = 0; which < 3; which++) {
        SIG_LIVE_BEGIN();
        right = ((flow_pointer_t *)function)(which)(-42, 7) == wanted[which] && right;
        SIG_LIVE_END();
    }
    sig_expect(right, "result");
}

static void call_dive(sig_function_t *function)
{
    SIG_LIVE_BEGIN();
    uint32_t sum = ((flow_dive_t *)function)(DEEP, function);
    SIG_LIVE_END();
    sig_expect(sum == DEEP * (DEEP + 1) / 2, "sum");
}

static void call_dive_words(sig_function_t *function)
{
    flow_words_t words = {{1, 20, 300, 4000, 50000, 600000, 7000000}};
    SIG_LIVE_BEGIN();
    flow_words_t sum = ((flow_dive_words_t *)function)(DEEP_WORDS, words, function);
    SIG_LIVE_END();
    bool right = true;
    for (int i = 0; i < 7; i++) {
        right = sum.word[i] == words.word[i] + DEEP_WORDS * (DEEP_WORDS + 1) / 2 && right;
    }
    sig_expect(right, "sum");
}

/* the other function of a pair, by the way that this one is called by */
static sig_function_t *reached_alike(sig_function_t *function, const char *name,
                                     const sig_row_t *other)
{
    if (function == sig_loaded(name)) {
        return sig_loaded(other->name);
    }
    for (size_t i = 0; i < sig_flow_row_count; i++) {
        if (sig_flow_rows[i].stub == function) {
            return other->stub;
        }
    }
    return other->copy;
}

enum { EVEN, ODD };

static void call_even(sig_function_t *function)
{
    sig_function_t *odd = reached_alike(function, "flow_even", &sig_flow_rows[ODD]);
    SIG_LIVE_BEGIN();
    bool even = ((flow_parity_t *)function)(DEEP, function, odd);
    SIG_LIVE_END();
    sig_expect(even, "result");
}

static void call_odd(sig_function_t *function)
{
    sig_function_t *even = reached_alike(function, "flow_odd", &sig_flow_rows[EVEN]);
    SIG_LIVE_BEGIN();
    bool odd = ((flow_parity_t *)function)(DEEP, function, even);
    SIG_LIVE_END();
    sig_expect(!odd, "result");
}

static void call_sized(sig_function_t *function)
{
    bool right = true;
    for (uint32_t size = 1; size < 2000; size = size * 5 + 3) {
        SIG_LIVE_BEGIN();
        uint32_t got = ((flow_sized_t *)function)(size, 11, 12, 13, 14, 15, 16, 17);
        SIG_LIVE_END();
        right = got == size + 2 * 11 + 3 * 12 + 4 * 13 + 5 * 14 + 6 * 15 + 7 * 16 + 8 * 17 && right;
    }
    sig_expect(right, "result");
}

static void call_eight(sig_function_t *function)
{
    SIG_LIVE_BEGIN();
    uint32_t got = ((flow_eight_t *)function)(1, 20, 300, 4000, 50000, 600000, 7000000, 80000000);
    SIG_LIVE_END();
    sig_expect(got == 1 + 40 + 900 + 16000 + 250000 + 3600000 + 49000000 + 640000000, "result");
}

static void noreturn_body(void *context)
{
    ((flow_noreturn_t *)(sig_function_t *)context)(1, 2, 3, 4, 5, 6, 7, 8);
}

static void call_noreturn(sig_function_t *function)
{
    SIG_LIVE_BEGIN();
    uint32_t left_with = flow_apart(noreturn_body, (void *)function);
    SIG_LIVE_END();
    sig_expect(left_with == 204, "result");
}

#define ROW(name, call) \
    {#name, "control-flow", #name, call, (sig_function_t *)name, (sig_function_t *)copy_##name, \
     SIG_VOID, 0, NULL}
#define FRAME_ROW(size) ROW(flow_frame_##size, call_eight),

const sig_row_t sig_flow_rows[] = {
    [EVEN] = ROW(flow_even, call_even),
    [ODD] = ROW(flow_odd, call_odd),
    ROW(flow_callback, call_callback),
    ROW(flow_pointer, call_pointer),
    ROW(flow_dive, call_dive),
    ROW(flow_dive_words, call_dive_words),
    ROW(flow_alloca, call_sized),
    ROW(flow_array, call_sized),
    FLOW_FRAMES(FRAME_ROW)
    ROW(flow_quick, call_eight),
    ROW(flow_clobber, call_eight),
    ROW(flow_noreturn, call_noreturn),
};

const size_t sig_flow_row_count = sizeof(sig_flow_rows) / sizeof(sig_flow_rows[0]);
