/*
 * Every helper that the compiler calls for 64-bit and floating-point arithmetic, and the 32-bit
 * division: hashes of many results, the same on the board and on the host.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 2000

static uint64_t random_state;
static uint64_t hash;

static uint64_t random64(void)
{
    /* xorshift64* (Vigna 2016) */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

/* of all sizes alike, so that high words are often zero or all ones */
static uint64_t random_integer(void)
{
    uint64_t value = random64() >> (random64() % 64);
    return random64() & 1 ? value : ~value;
}

static void mix(uint64_t value)
{
    /* FNV-1a on words */
    hash = (hash ^ value) * 0x100000001b3u;
}

static void mix_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    /* the bits of a NaN are the processor's choice */
    mix(isnan(value) ? 0x7ff8000000000000u : bits);
}

static void mix_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    mix(isnan(value) ? 0x7fc00000u : bits);
}

/* all of the range with subnormals, infinities and NaNs, and half of them near each other */
static double random_double(void)
{
    uint64_t bits = random64();
    double value;
    if (random64() & 1) {
        bits = (bits & 0x800fffffffffffffu) | (uint64_t)(1023 - 40 + random64() % 80) << 52;
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float random_float(void)
{
    uint32_t bits = (uint32_t)random64();
    float value;
    if (random64() & 1) {
        bits = (bits & 0x807fffffu) | (uint32_t)(127 - 20 + random64() % 40) << 23;
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void word_division(void)
{
    volatile int32_t a = (int32_t)random_integer(), b = (int32_t)random_integer();
    volatile uint32_t c = (uint32_t)random_integer(), d = (uint32_t)random_integer();
    if (b != 0 && !(a == INT32_MIN && b == -1)) {
        mix((uint32_t)(a / b));
        mix((uint32_t)(a % b));
    }
    if (d != 0) {
        mix(c / d);
        mix(c % d);
    }
    mix(c * d);
    mix((uint64_t)c * d);
    mix((uint64_t)((int64_t)a * b));
    mix((uint32_t)(__builtin_popcount(c) + __builtin_parity(d) + __builtin_ffs(a)));
    mix(c != 0 ? (uint32_t)(__builtin_clz(c) * 64 + __builtin_ctz(c)) : 0);
    mix(__builtin_bswap32(c));
}

static void long_division(void)
{
    volatile int64_t a = (int64_t)random_integer(), b = (int64_t)random_integer();
    volatile uint64_t c = random_integer(), d = random_integer();
    if (b != 0 && !(a == INT64_MIN && b == -1)) {
        mix((uint64_t)(a / b));
        mix((uint64_t)(a % b));
    }
    if (d != 0) {
        mix(c / d);
        mix(c % d);
    }
}

static void long_arithmetic(void)
{
    volatile int64_t a = (int64_t)random_integer(), b = (int64_t)random_integer();
    volatile uint64_t c = random_integer(), d = random_integer();
    volatile unsigned shift = (unsigned)(random64() % 64);
    int64_t sum;
    mix(c * d);
    mix(c << shift);
    mix(c >> shift);
    mix((uint64_t)(a >> shift));
    mix((uint64_t)((a < b) * 8 + (a <= b) * 4 + (c < d) * 2 + (c == d)));
    mix((uint64_t)(__builtin_popcountll(c) + __builtin_parityll(d) + __builtin_ffsll(a)));
    mix(c != 0 ? (uint64_t)(__builtin_clzll(c) * 64 + __builtin_ctzll(c)) : 0);
    mix((uint64_t)__builtin_clrsbll(a));
    mix(__builtin_bswap64(d));
    mix((uint64_t)__builtin_mul_overflow(a, b, &sum));
    mix((uint64_t)sum);
}

static void float_arithmetic(void)
{
    volatile float a = random_float(), b = random64() % 8 == 0 ? a : random_float();
    mix_float(a + b);
    mix_float(a - b);
    mix_float(a * b);
    mix_float(a / b);
    mix_float(-a);
    mix_float(sqrtf(fabsf(a)));
    mix_float(__builtin_powif(a, 5));
    mix((uint64_t)((a < b) * 32 + (a <= b) * 16 + (a > b) * 8 + (a >= b) * 4 + (a == b) * 2 +
                   (a != b)));
    mix((uint64_t)__builtin_isunordered(a, b));
}

static void double_arithmetic(void)
{
    volatile double a = random_double(), b = random64() % 8 == 0 ? a : random_double();
    mix_double(a + b);
    mix_double(a - b);
    mix_double(a * b);
    mix_double(a / b);
    mix_double(-a);
    mix_double(sqrt(fabs(a)));
    mix_double(__builtin_powi(a, 3));
    mix((uint64_t)((a < b) * 32 + (a <= b) * 16 + (a > b) * 8 + (a >= b) * 4 + (a == b) * 2 +
                   (a != b)));
    mix((uint64_t)__builtin_isunordered(a, b));
}

static void conversions(void)
{
    volatile int32_t word = (int32_t)random_integer();
    volatile int64_t longer = (int64_t)random_integer();
    volatile double wide = random_double();
    volatile float narrow = random_float();
    mix_float((float)word);
    mix_float((float)(uint32_t)word);
    mix_float((float)longer);
    mix_float((float)(uint64_t)longer);
    mix_double((double)word);
    mix_double((double)(uint32_t)word);
    mix_double((double)longer);
    mix_double((double)(uint64_t)longer);
    mix_double(narrow);
    mix_float((float)wide);
    /* out of range is undefined in C */
    if (fabs(wide) < 9.2e18) {
        mix((uint64_t)(int64_t)wide);
        mix((uint64_t)fabs(wide));
    }
    if (fabs(wide) < 2.1e9) {
        mix((uint32_t)(int32_t)wide);
        mix((uint32_t)fabs(wide));
    }
    if (fabsf(narrow) < 9.2e18f) {
        mix((uint64_t)(int64_t)narrow);
        mix((uint64_t)fabsf(narrow));
    }
    if (fabsf(narrow) < 2.1e9f) {
        mix((uint32_t)(int32_t)narrow);
        mix((uint32_t)fabsf(narrow));
    }
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {
        {"word division", word_division},       {"long division", long_division},
        {"long arithmetic", long_arithmetic},   {"float arithmetic", float_arithmetic},
        {"double arithmetic", double_arithmetic}, {"conversions", conversions},
    };
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        random_state = 0x9e3779b97f4a7c15u + i;
        hash = 0xcbf29ce484222325u;
        for (int round = 0; round < ROUNDS; round++) {
            groups[i].run();
        }
        printf("%s: %08lx%08lx\n", groups[i].name, (unsigned long)(hash >> 32),
               (unsigned long)(hash & 0xffffffffu));
    }
    return 0;
}
