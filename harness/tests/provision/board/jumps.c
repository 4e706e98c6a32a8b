/*
 * setjmp and longjmp across register windows: a jump out of deep recursion, out of frames that are
 * in registers, past an alloca, again and again; and that the frames jumped to are whole.
 */
#include <alloca.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

jmp_buf target;
static int failures;

#define CHECK(condition)                                    \
    do {                                                    \
        if (!(condition)) {                                 \
            printf("line %d: %s\n", __LINE__, #condition);  \
            failures++;                                     \
        }                                                   \
    } while (0)

/* work that keeps values in registers across the calls */
__attribute__((noinline)) static uint32_t dive(int depth, uint32_t a, uint32_t b, int value)
{
    if (depth == 0) {
        if (value >= 0) {
            longjmp(target, value);
        }
        return a ^ b;
    }
    const uint32_t below = dive(depth - 1, a + b, a * 3 + 1, value);
    return below * 31 + a + b;
}

static int arrivals;

__attribute__((noinline)) static uint32_t jump_from(int depth, int value)
{
    /* counted in memory: a changed local would be indeterminate after the jump */
    const uint32_t left = (uint32_t)depth * 7 + 1, right = (uint32_t)value + 5;
    const int code = setjmp(target);
    if (code == 0) {
        dive(depth, left, right, value);
        CHECK(!"came back");
    }
    CHECK(code == (value == 0 ? 1 : value));
    arrivals++;
    return left * 1000 + right;
}

/* frames above the target that have to come back from the stack */
__attribute__((noinline)) static uint32_t wrap(int layers, int depth, int value)
{
    const uint32_t mine = (uint32_t)layers * 0x01010101u;
    if (layers == 0) {
        return jump_from(depth, value);
    }
    const uint32_t inner = wrap(layers - 1, depth, value);
    CHECK(mine == (uint32_t)layers * 0x01010101u);
    return inner + 1;
}

/* the stack pointer moves between setjmp and longjmp, and with it a save area */
int jump_past_alloca(int size);
__attribute__((noinline)) int jump_past_alloca(int size)
{
    const int code = setjmp(target);
    if (code == 0) {
        uint8_t *block = alloca((size_t)size);
        memset(block, 0xa5, (size_t)size);
        dive(3, block[0], block[size - 1], 9);
    }
    return code;
}

/* arguments of a call12: the caller owns twelve registers across the call to setjmp */
__attribute__((noinline)) static int many(int a, int b, int c, int d, int e, int f)
{
    const int code = setjmp(target);
    if (code < 5) {
        dive(12, (uint32_t)a, (uint32_t)b, code + 1);
    }
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * code;
}

#ifdef __XTENSA__
/* jumps.S: what a frame owns across a call comes back; they answer 1 when it did */
int hold4(void), hold8(void), hold12(void), hold_around(void);

void jump_after_a_dive(void);
void jump_after_a_dive(void)
{
    dive(30, 1, 2, 3);
}
#endif

int main(void)
{
    for (int layers = 0; layers < 20; layers++) {
        for (int depth = 0; depth < 40; depth++) {
            const uint32_t value = (uint32_t)(depth % 3);
            const uint32_t expected = ((uint32_t)depth * 7 + 1) * 1000 + value + 5;
            CHECK(wrap(layers, depth, (int)value) == expected + (uint32_t)layers);
        }
    }
    CHECK(arrivals == 20 * 40);
    for (int size = 1; size < 400; size += 13) {
        CHECK(jump_past_alloca(size) == 9);
    }
    CHECK(many(1, 2, 3, 4, 5, 6) == 5654321);
#ifdef __XTENSA__
    CHECK(hold4());
    CHECK(hold8());
    CHECK(hold12());
    CHECK(hold_around());
#endif
    printf("%d failures\n", failures);
    return failures != 0;
}
