/* Functions whose stubs matter for what happens during the call, not for their signature. */
#pragma once

#include "signature.h"

typedef int32_t flow_step_t(int32_t value, int64_t add);
typedef int32_t flow_binary_t(int32_t a, int32_t b);
typedef uint32_t flow_eight_t(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                              uint32_t g, uint32_t h);
typedef struct {
    uint32_t word[7];
} flow_words_t;

#define FLOW_DECLARE(type, name) extern type name, copy_##name

/* calls back: step(step(value, 7), 9) + 1 */
typedef int32_t flow_callback_t(flow_step_t *step, int32_t value);
FLOW_DECLARE(flow_callback_t, flow_callback);

/* a function of the module that has no stub: adds, subtracts or multiplies */
typedef flow_binary_t *flow_pointer_t(unsigned which);
FLOW_DECLARE(flow_pointer_t, flow_pointer);

/* calls `next` by way of the firmware, until depth is 0: the sum of all depths */
typedef uint32_t flow_dive_t(uint32_t depth, sig_function_t *next);
FLOW_DECLARE(flow_dive_t, flow_dive);

/* the same with a struct that is passed and returned in memory: each depth is added to each word */
typedef flow_words_t flow_dive_words_t(uint32_t depth, flow_words_t words, sig_function_t *next);
FLOW_DECLARE(flow_dive_words_t, flow_dive_words);

/* each calls the other: whether n is even */
typedef bool flow_parity_t(uint32_t n, sig_function_t *mine, sig_function_t *other);
FLOW_DECLARE(flow_parity_t, flow_even);
FLOW_DECLARE(flow_parity_t, flow_odd);

/* arguments on the stack, memory from alloca() or an array of variable length */
typedef uint32_t flow_sized_t(uint32_t size, uint32_t b, uint32_t c, uint32_t d, uint32_t e,
                              uint32_t f, uint32_t g, uint32_t h);
FLOW_DECLARE(flow_sized_t, flow_alloca);
FLOW_DECLARE(flow_sized_t, flow_array);

/* stack frames from the smallest to beyond what ENTRY can say: a + 2b + 3c ... + 8h */
#define FLOW_FRAMES(X) X(0) X(200) X(2000) X(4200) X(9000) X(32680) X(33000) X(40000)
#define FLOW_DECLARE_FRAME(size) FLOW_DECLARE(flow_eight_t, flow_frame_##size);
FLOW_FRAMES(FLOW_DECLARE_FRAME)

/* the same, soon done: a frame larger than the stub's, and nothing else */
FLOW_DECLARE(flow_eight_t, flow_quick);

/* uses each register that a function may use: a + 2b + 3c ... + 8h */
FLOW_DECLARE(flow_eight_t, flow_clobber);

/* ends in flow_leave() with a + 2b + 3c ... + 8h */
typedef void flow_noreturn_t(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                             uint32_t g, uint32_t h);
extern flow_noreturn_t flow_noreturn __attribute__((noreturn));
extern flow_noreturn_t copy_flow_noreturn __attribute__((noreturn));

/* ---- of the firmware ---- */

uint32_t flow_bounce(uint32_t depth, sig_function_t *next);
flow_words_t flow_bounce_words(uint32_t depth, flow_words_t words, sig_function_t *next);

/* uses all of the memory, and says whether it begins with its size */
bool flow_visit(volatile uint8_t *memory, uint32_t size);

/* ends what flow_apart() has begun */
_Noreturn void flow_leave(uint32_t value);
uint32_t flow_apart(void (*body)(void *context), void *context);
