/* Change this file while the application runs:
 *     idf.py build
 *     curl -X POST -F "file=@build/reloadable_stripped.so" http://<address>:8080/upload-and-reload
 */
#include "reloadable.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const greeting = "Hello";
static uint32_t greeted;

int32_t reloadable_add(int32_t a, int32_t b)
{
    return a + b;
}

int64_t reloadable_multiply(int64_t a, int64_t b)
{
    return a * b;
}

reloadable_division_t reloadable_divide(int32_t dividend, int32_t divisor)
{
    reloadable_division_t result = {0, 0};
    if (divisor != 0) {
        result.quotient = dividend / divisor;
        result.remainder = dividend % divisor;
    }
    return result;
}

double reloadable_average(int32_t count, ...)
{
    double sum = 0;
    va_list values;
    va_start(values, count);
    for (int32_t i = 0; i < count; i++) {
        sum += va_arg(values, double);
    }
    va_end(values);
    return count > 0 ? sum / count : 0;
}

size_t reloadable_greeting(char *text, size_t size)
{
    return strlcpy(text, greeting, size);
}

void reloadable_greet(const char *name)
{
    greeted++;
    printf("%s, %s!\n", greeting, name);
}

uint32_t reloadable_greeted(void)
{
    return greeted;
}
