/* Constructors and destructors that say who they are, NAME of a variant. */
#include <stdlib.h>

#include "module_api.h"

#define NOTE(what) firmware_note(NAME " " what)

static int32_t made; /* what the constructors have done to the module's own memory */
static int32_t *kept;

int32_t answer(void)
{
    return made == 12 ? ANSWER : 0;
}

static void said_first(void)
{
    NOTE("exit first");
}

static void said_last(void)
{
    NOTE("exit last");
}

/* by their priorities, whatever their order in the source */
__attribute__((constructor(300))) static void begin_second(void)
{
    NOTE("begin second");
    made = made * 10 + 2;
    kept = malloc(sizeof(*kept));
    atexit(said_last);
    atexit(said_first);
}

__attribute__((constructor(200))) static void begin_first(void)
{
    NOTE("begin first");
    made = made * 10 + 1;
}

__attribute__((destructor(200))) static void end_last(void)
{
    NOTE("end last");
    free(kept);
}

__attribute__((destructor(300))) static void end_first(void)
{
    if (firmware_others_may_load()) {
        NOTE("end first, nothing held");
    } else {
        NOTE("end first, others held");
    }
}
