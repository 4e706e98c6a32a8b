/* SPDX-License-Identifier: MIT */
/* atexit() of a module, and what compilers call for the destructors of static objects. Part of each
   module that calls it, not of the firmware. */
#include <stdlib.h>

#include "freertos/FreeRTOS.h"

/* neither exported, nor to be mixed up with those of the firmware's C library */
#define HIDDEN __attribute__((visibility("hidden")))

typedef struct registration {
    struct registration *before;
    void (*of_atexit)(void);
    void (*function)(void *argument);
    void *argument;
} registration_t;

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static registration_t *last;

/* its address stands for the module (Itanium C++ ABI, "DSO Object Destruction API") */
HIDDEN extern void *__dso_handle;
void *__dso_handle;

HIDDEN int __cxa_atexit(void (*function)(void *), void *argument, void *module);
HIDDEN int atexit(void (*function)(void));

static registration_t *take_last(void)
{
    portENTER_CRITICAL(&lock);
    registration_t *taken = last;
    if (taken != NULL) {
        last = taken->before;
    }
    portEXIT_CRITICAL(&lock);
    return taken;
}

/* From the last that was registered to the first; one may register others. */
static void run_registered(void)
{
    registration_t *taken;
    while ((taken = take_last()) != NULL) {
        if (taken->of_atexit != NULL) {
            taken->of_atexit();
        } else {
            taken->function(taken->argument);
        }
        free(taken);
    }
}

/* The linker script puts it behind all other destructors, which run in reverse order. */
__attribute__((section(".hotreload_exit"), used))
static void (*const run_at_exit)(void) = run_registered;

/* One of the two functions is NULL. */
static int add(void (*of_atexit)(void), void (*function)(void *), void *argument)
{
    registration_t *added = malloc(sizeof(*added));
    if (added == NULL) {
        return -1;
    }
    added->of_atexit = of_atexit;
    added->function = function;
    added->argument = argument;
    portENTER_CRITICAL(&lock);
    added->before = last;
    last = added;
    portEXIT_CRITICAL(&lock);
    return 0;
}

int __cxa_atexit(void (*function)(void *), void *argument, void *module)
{
    (void)module;
    return add(NULL, function, argument);
}

int atexit(void (*function)(void))
{
    return add(function, NULL, NULL);
}
