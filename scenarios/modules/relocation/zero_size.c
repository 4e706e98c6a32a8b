/* Objects without a size, and pointers to them: an empty struct, an empty table, an empty
 * string. */
#include "module_api.h"

static const char empty_string[] = "";
static struct {
    char nothing[0];
} empty;
static const operation_t none[0] = {};
static void *volatile to_empty = &empty;
static const void *volatile to_none = none;

const char *greeting(void)
{
    return empty_string;
}

int32_t answer(void)
{
    return (to_empty != NULL) + (to_none != NULL) + empty_string[0];
}
