/* What the module of the scenario firmware exports.
 *
 * base.c defines every function weakly. A variant defines the one or two that it
 * changes; the linker takes those instead. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware_api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MODULE_DEFAULT __attribute__((weak))

/* what the firmware calls when it has started */
void started(void);

/* what a variant usually changes */
int32_t answer(void);
const char *greeting(void);
uint32_t add(uint32_t a, uint32_t b);

/* what the hooks carry from one module to the next */
typedef struct list_node {
    struct list_node *next;
    uint32_t value;
} list_node_t;

uint32_t counter_next(void);
uint32_t counter_value(void);
void counter_restore(uint32_t value);
uint32_t list_push(uint32_t value); /* the number of nodes, 0 without memory */
uint32_t list_sum(void);
list_node_t *list_release(void);
void list_adopt(list_node_t *head);
uint32_t link_open(void);
uint32_t link_send(uint32_t word); /* words sent so far, 0 without a connection */
channel_t *link_release(void);
void link_adopt(channel_t *channel);

/* counts of tasks, each of which has its own */
#define TALLIES 8
uint32_t tally_next(uint32_t slot);
uint32_t tally_value(uint32_t slot);
void tally_restore(uint32_t slot, uint32_t value);

/* what nobody carries: the module's own static data */
uint32_t statics_sum(void);
void statics_scribble(uint32_t value);

/* goes `depth` calls of module and firmware deep, stays there, and returns the answer of the module
   that was entered */
uint32_t visit(uint32_t depth, uint32_t slot);
void visit_as_task(void *slot);

/* pointers of every kind */
typedef int32_t (*operation_t)(int32_t a, int32_t b);
operation_t operation_get(uint32_t which);
int32_t operation_apply(uint32_t which, int32_t a, int32_t b);
const char *word_get(uint32_t which);
int32_t dispatch(int32_t code);

/* one function for each class of signature */
typedef struct {
    uint8_t red, green, blue;
} sig_color_t;
typedef struct {
    int32_t x, y;
} sig_pair_t;
typedef struct {
    int32_t word[4];
} sig_quad_t;
typedef struct {
    int32_t word[10];
} sig_big_t;

uint32_t sig_nothing(void);
int8_t sig_int8(int8_t value);
uint16_t sig_uint16(uint16_t value);
uint64_t sig_mul64(uint64_t a, uint64_t b);
int64_t sig_mixed64(int32_t a, int64_t b, int32_t c);
float sig_float(float a, float b);
double sig_double(double a, float b, int32_t c);
sig_color_t sig_color(sig_color_t color);
sig_pair_t sig_pair(int32_t x, sig_pair_t pair);
sig_quad_t sig_quad(sig_quad_t quad, int32_t add);
sig_big_t sig_big(int32_t start, sig_big_t big);
int32_t sig_ten(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f, int32_t g,
                int32_t h, int32_t i, int32_t j);
double sig_split(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, double f, sig_pair_t g);
int32_t sig_sum(int32_t count, ...);
double sig_sum_double(int32_t count, ...);
int32_t sig_vsum(int32_t count, va_list values);
int32_t sig_call(int32_t (*callback)(int32_t), int32_t value);
uint32_t sig_recurse(uint32_t depth);
uint32_t sig_alloca(uint32_t size);
uint32_t sig_large_frame(uint32_t seed);

#ifdef __cplusplus
}
#endif
