/* Strings: tables of pointers, pointers into the middle, arrays of characters, shared tails. */
#include "module_api.h"

static const char *const names[] = {"alpha", "beta", "gamma", "a longer string, of its own section",
                                    "string", ""};
static const char whole[] = "a whole sentence";
static const char *const parts[] = {whole, whole + 2, whole + 8, whole + sizeof(whole) - 1};
static const char *writable[] = {"one", "two", NULL, "four"};
static char characters[] = "characters";
static char *inside = characters + 4;

const char *word_get(uint32_t which)
{
    return which < 6 ? names[which] : which < 10 ? parts[which - 6] : writable[which & 3];
}

int32_t answer(void)
{
    return names[1][0] + parts[1][0] + writable[3][1] + *inside;
}
