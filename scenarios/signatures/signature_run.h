/* Calls of the table of signatures, each in all ways there are. */
#pragma once

#include "signature.h"

#define SIG_VOID (-1)

/* NULL: all bytes of the type are its value */
typedef struct {
    size_t size;
    void (*fill)(void *value, const void *bytes);
    bool (*same)(const void *left, const void *right);
} sig_type_t;

typedef struct {
    const char *name;
    const char *group;
    const char *prototype;
    void (*call)(sig_function_t *function);
    sig_function_t *stub;
    sig_function_t *copy; /* the same function in the firmware */
    int result;
    unsigned argument_count;
    const uint8_t *arguments;
} sig_row_t;

/* generated */
extern const sig_type_t sig_types[];
extern const sig_row_t sig_rows[];
extern const size_t sig_row_count;

/* by hand, control_flow_calls.c */
extern const sig_row_t sig_flow_rows[];
extern const size_t sig_flow_row_count;

/* NULL when a call did all that it should; otherwise what was wrong first, of which argument */
typedef struct {
    const char *wrong;
    unsigned argument;
} sig_outcome_t;

/* the function in the module, by its name in the symbol table */
sig_function_t *sig_loaded(const char *name);

/* Calls each function of a group directly in the module, through its stub, and its copy in the
 * firmware; from several depths of the stack, so that each window of registers is once the first to
 * overflow. Answers the number of functions. */
typedef void sig_report_t(void *context, const sig_row_t *row, const char *way, unsigned depth,
                          const sig_outcome_t *outcome);
size_t sig_run(const char *group, sig_report_t *report, void *context);

/* ---- for the calls ---- */

void sig_fill(unsigned row, ...);         /* arguments, by address */
void sig_kept(unsigned row, ...);         /* the caller's own are as they were */
void sig_result(unsigned row, const void *result);
void sig_expect(bool right, const char *wrong); /* of a call by hand */

#define SIG_LIVE 6
extern volatile uint32_t sig_live[SIG_LIVE];
void sig_live_next(void);
void sig_live_compare(const uint32_t *live, const volatile uint32_t *guard);

/* Values that live across the call: more than the caller has registers for, and some in memory.
 * They are not known to the compiler. */
#define SIG_LIVE_BEGIN()                                                            \
    sig_live_next();                                                                \
    volatile uint32_t guard_[SIG_LIVE];                                             \
    for (unsigned i_ = 0; i_ < SIG_LIVE; i_++) {                                    \
        guard_[i_] = sig_live[i_];                                                  \
    }                                                                               \
    uint32_t l0_ = sig_live[0], l1_ = sig_live[1], l2_ = sig_live[2];               \
    uint32_t l3_ = sig_live[3], l4_ = sig_live[4], l5_ = sig_live[5]

#define SIG_LIVE_END() \
    sig_live_compare((const uint32_t[SIG_LIVE]) {l0_, l1_, l2_, l3_, l4_, l5_}, guard_)
