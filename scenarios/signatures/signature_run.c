#include "signature_run.h"

#include <string.h>

/* Each call8 takes two of the 8 or 16 quarters of the register file. */
#define DEPTHS 8
#define LARGEST 128

volatile uint32_t sig_live[SIG_LIVE];

static sig_outcome_t outcome;
static unsigned taken;

static void set_wrong(const char *wrong, unsigned argument)
{
    if (outcome.wrong == NULL) {
        outcome = (sig_outcome_t) {.wrong = wrong, .argument = argument};
    }
}

void sig_expect(bool right, const char *wrong)
{
    taken++;
    if (!right) {
        set_wrong(wrong, 0);
    }
}

/* the value of an argument, or of the result, which is the one behind the last */
static void make(const sig_type_t *type, unsigned row, unsigned position, void *value)
{
    uint8_t bytes[LARGEST];
    uint32_t state = (row * 32 + position + 1) * 2654435761u;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    if (type->fill != NULL) {
        type->fill(value, bytes);
    } else {
        memcpy(value, bytes, type->size);
    }
}

static bool is_as_made(const sig_type_t *type, unsigned row, unsigned position, const void *value)
{
    uint64_t wanted[LARGEST / 8]; /* aligned for any type */
    make(type, row, position, wanted);
    return type->same != NULL ? type->same(value, wanted) : memcmp(value, wanted, type->size) == 0;
}

static const sig_type_t *argument_type(unsigned row, unsigned position)
{
    return &sig_types[sig_rows[row].arguments[position]];
}

void sig_fill(unsigned row, ...)
{
    va_list values;
    va_start(values, row);
    for (unsigned i = 0; i < sig_rows[row].argument_count; i++) {
        make(argument_type(row, i), row, i, va_arg(values, void *));
    }
    va_end(values);
}

void sig_take(unsigned row, ...)
{
    va_list values;
    va_start(values, row);
    for (unsigned i = 0; i < sig_rows[row].argument_count; i++) {
        const sig_type_t *type = argument_type(row, i);
        void *value = va_arg(values, void *);
        if (!is_as_made(type, row, i, value)) {
            set_wrong("argument", i);
        }
        memset(value, 0xee, type->size);
    }
    va_end(values);
    taken++;
}

void sig_kept(unsigned row, ...)
{
    va_list values;
    va_start(values, row);
    for (unsigned i = 0; i < sig_rows[row].argument_count; i++) {
        if (!is_as_made(argument_type(row, i), row, i, va_arg(values, void *))) {
            set_wrong("the caller's own argument", i);
        }
    }
    va_end(values);
}

void sig_give(unsigned row, void *result)
{
    make(&sig_types[sig_rows[row].result], row, sig_rows[row].argument_count, result);
}

void sig_result(unsigned row, const void *result)
{
    const sig_row_t *signature = &sig_rows[row];
    if (!is_as_made(&sig_types[signature->result], row, signature->argument_count, result)) {
        set_wrong("result", 0);
    }
}

void sig_live_next(void)
{
    for (unsigned i = 0; i < SIG_LIVE; i++) {
        sig_live[i] = sig_live[i] * 1664525u + 1013904223u + i;
    }
}

void sig_live_compare(const uint32_t *live, const volatile uint32_t *guard)
{
    for (unsigned i = 0; i < SIG_LIVE; i++) {
        if (live[i] != sig_live[i]) {
            set_wrong("the caller's registers", i);
        }
        if (guard[i] != sig_live[i]) {
            set_wrong("the caller's stack", i);
        }
    }
}

/* with a value of its own in each frame, and two windows more for each */
__attribute__((noinline)) static void call_from(unsigned depth, const sig_row_t *row,
                                                sig_function_t *function)
{
    volatile unsigned mine = depth;
    if (depth == 0) {
        row->call(function);
    } else {
        call_from(depth - 1, row, function);
    }
    if (mine != depth) {
        set_wrong("a frame further up", depth);
    }
}

static void run_row(const sig_row_t *row, sig_report_t *report, void *context)
{
    const struct {
        const char *name;
        sig_function_t *function;
    } ways[] = {
        {"direct", sig_loaded(row->name)},
        {"stub", row->stub},
        {"copy", row->copy},
    };
    for (unsigned depth = 0; depth < DEPTHS; depth++) {
        for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
            outcome = (sig_outcome_t) {0};
            taken = 0;
            call_from(depth, row, ways[way].function);
            if (taken != 1) {
                set_wrong("number of calls", taken);
            }
            if (outcome.wrong != NULL) {
                report(context, row, ways[way].name, depth, &outcome);
            }
        }
    }
}

static size_t run_rows(const sig_row_t *rows, size_t count, const char *group,
                       sig_report_t *report, void *context)
{
    size_t run = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].group, group) == 0) {
            run_row(&rows[i], report, context);
            run++;
        }
    }
    return run;
}

size_t sig_run(const char *group, sig_report_t *report, void *context)
{
    return run_rows(sig_rows, sig_row_count, group, report, context)
           + run_rows(sig_flow_rows, sig_flow_row_count, group, report, context);
}
