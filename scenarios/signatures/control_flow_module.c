#include "control_flow.h"

int32_t SIG(flow_callback)(flow_step_t *step, int32_t value)
{
    return step(step(value, 7), 9) + 1;
}

static int32_t add(int32_t a, int32_t b)
{
    return a + b;
}

static int32_t subtract(int32_t a, int32_t b)
{
    return a - b;
}

static int32_t multiply(int32_t a, int32_t b)
{
    return a * b;
}

flow_binary_t *SIG(flow_pointer)(unsigned which)
{
    static flow_binary_t *const functions[] = {add, subtract, multiply};
    return functions[which];
}

uint32_t SIG(flow_dive)(uint32_t depth, sig_function_t *next)
{
    /* the volatile keeps a value of its own in each frame */
    volatile uint32_t mine = depth;
    uint32_t below = depth == 0 ? 0 : flow_bounce(depth - 1, next);
    return below + mine;
}

flow_words_t SIG(flow_dive_words)(uint32_t depth, flow_words_t words, sig_function_t *next)
{
    volatile uint32_t mine = depth;
    if (depth > 0) {
        words = flow_bounce_words(depth - 1, words, next);
    }
    for (int i = 0; i < 7; i++) {
        words.word[i] += mine;
    }
    return words;
}

bool SIG(flow_even)(uint32_t n, sig_function_t *mine, sig_function_t *other)
{
    volatile uint32_t kept = n;
    return n == 0 ? true : ((flow_parity_t *)other)(n - 1, other, mine) && kept == n;
}

bool SIG(flow_odd)(uint32_t n, sig_function_t *mine, sig_function_t *other)
{
    volatile uint32_t kept = n;
    return n == 0 ? false : ((flow_parity_t *)other)(n - 1, other, mine) && kept == n;
}

static uint32_t weighted(bool right, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e,
                         uint32_t f, uint32_t g, uint32_t h)
{
    return right ? a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h : 0;
}

uint32_t SIG(flow_alloca)(uint32_t size, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                          uint32_t g, uint32_t h)
{
    /* twice: the second moves the stack pointer from where the first has put it */
    bool right = flow_visit(__builtin_alloca(size), size);
    right = flow_visit(__builtin_alloca(size / 2 + 1), size / 2 + 1) && right;
    return weighted(right, size, b, c, d, e, f, g, h);
}

uint32_t SIG(flow_array)(uint32_t size, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                         uint32_t g, uint32_t h)
{
    volatile uint8_t array[size];
    return weighted(flow_visit(array, size), size, b, c, d, e, f, g, h);
}

#define DEFINE_FRAME(size)                                                                     \
    uint32_t SIG(flow_frame_##size)(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, \
                                    uint32_t f, uint32_t g, uint32_t h)                        \
    {                                                                                          \
        volatile uint8_t array[(size) + 1];                                                    \
        return weighted(flow_visit(array, sizeof(array)), a, b, c, d, e, f, g, h);             \
    }
FLOW_FRAMES(DEFINE_FRAME)

uint32_t SIG(flow_quick)(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                         uint32_t g, uint32_t h)
{
    volatile uint32_t array[40];
    array[a % 32] = a;
    return weighted(array[a % 32] == a, a, b, c, d, e, f, g, h);
}

uint32_t SIG(flow_clobber)(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                           uint32_t g, uint32_t h)
{
    __asm__ volatile("movi a8, -1\n\tmovi a9, -1\n\tmovi a10, -1\n\tmovi a11, -1\n\t"
                     "movi a12, -1\n\tmovi a13, -1\n\tmovi a14, -1\n\tssl a8"
                     :
                     :
                     : "a8", "a9", "a10", "a11", "a12", "a13", "a14", "memory");
    return weighted(true, a, b, c, d, e, f, g, h);
}

void SIG(flow_noreturn)(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                        uint32_t g, uint32_t h)
{
    flow_leave(weighted(true, a, b, c, d, e, f, g, h));
}
