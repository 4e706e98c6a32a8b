/* The smallest module that still exports everything. It takes the place of base.c, and has
 * no relocations. */
#define RETURNS_SEVEN(name)                    \
    int name(void) __attribute__((weak));      \
    int name(void)                             \
    {                                          \
        return 7;                              \
    }

RETURNS_SEVEN(answer)
RETURNS_SEVEN(greeting)
RETURNS_SEVEN(add)
RETURNS_SEVEN(counter_next)
RETURNS_SEVEN(counter_value)
RETURNS_SEVEN(counter_restore)
RETURNS_SEVEN(list_push)
RETURNS_SEVEN(list_sum)
RETURNS_SEVEN(list_release)
RETURNS_SEVEN(list_adopt)
RETURNS_SEVEN(link_open)
RETURNS_SEVEN(link_send)
RETURNS_SEVEN(link_release)
RETURNS_SEVEN(link_adopt)
RETURNS_SEVEN(statics_sum)
RETURNS_SEVEN(statics_scribble)
RETURNS_SEVEN(operation_get)
RETURNS_SEVEN(operation_apply)
RETURNS_SEVEN(word_get)
RETURNS_SEVEN(dispatch)
RETURNS_SEVEN(sig_nothing)
RETURNS_SEVEN(sig_int8)
RETURNS_SEVEN(sig_uint16)
RETURNS_SEVEN(sig_mul64)
RETURNS_SEVEN(sig_mixed64)
RETURNS_SEVEN(sig_float)
RETURNS_SEVEN(sig_double)
RETURNS_SEVEN(sig_color)
RETURNS_SEVEN(sig_pair)
RETURNS_SEVEN(sig_quad)
RETURNS_SEVEN(sig_big)
RETURNS_SEVEN(sig_ten)
RETURNS_SEVEN(sig_split)
RETURNS_SEVEN(sig_sum)
RETURNS_SEVEN(sig_sum_double)
RETURNS_SEVEN(sig_vsum)
RETURNS_SEVEN(sig_call)
RETURNS_SEVEN(sig_recurse)
RETURNS_SEVEN(sig_alloca)
RETURNS_SEVEN(sig_large_frame)
