/* What the application calls in the reloadable module. */
#pragma once

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

/* greetings: the text lies in the module and is valid until it is replaced */
const char *reloadable_greeting(void);
void reloadable_greet(const char *name);

/* how often reloadable_greet() was called in this module: it starts at 0 with each load */
uint32_t reloadable_greeted(void);

#ifdef __cplusplus
}
#endif
