/* What the application calls in the reloadable module. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int32_t quotient;
    int32_t remainder;
} reloadable_division_t;

/* math: results in one register, in two, in memory of the caller, and a floating-point one */
int32_t reloadable_add(int32_t a, int32_t b);
int64_t reloadable_multiply(int64_t a, int64_t b);
reloadable_division_t reloadable_divide(int32_t dividend, int32_t divisor);
double reloadable_average(int32_t count, ...);

/* greetings: the text is copied out of the module, where it is gone with the next reload, to `text`
 * of `size` bytes; returns its length, 0 without a module */
size_t reloadable_greeting(char *text, size_t size);
void reloadable_greet(const char *name);

/* how often reloadable_greet() was called in this module: it starts at 0 with each load */
uint32_t reloadable_greeted(void);

#ifdef __cplusplus
}
#endif
