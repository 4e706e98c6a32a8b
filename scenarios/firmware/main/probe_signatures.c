/* One call through a stub for each class of signature, with the result it must have. */
#include <stdarg.h>
#include <string.h>

#include "module_api.h"
#include "probe.h"

static uint64_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint64_t digest(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211u;
    }
    return sum;
}

static void add_check(hotreload_probe_reply_t *reply, const char *name, uint64_t got, uint64_t want)
{
    hotreload_probe_reply_add(reply, "%s{\"name\":\"%s\",\"got\":%llu,\"want\":%llu}",
                              reply->used > 1 ? "," : "", name, (unsigned long long)got,
                              (unsigned long long)want);
}

static void check_scalars(hotreload_probe_reply_t *reply)
{
    add_check(reply, "no arguments", sig_nothing(), 0xc0ffee42);
    add_check(reply, "int8", (uint64_t)(int64_t)sig_int8(-128), (uint64_t)INT64_C(127));
    add_check(reply, "uint16", sig_uint16(65535), 0);
    add_check(reply, "64 bits", sig_mul64(0x100000001u, 0xffffffffu), 0xffffffffffffffffu);
    add_check(reply, "64 bits among 32", (uint64_t)sig_mixed64(-3, 5000000000, 7),
              (uint64_t)INT64_C(-15000000007));
    add_check(reply, "float", float_bits(sig_float(1.5f, -2.25f)), float_bits(-2.875f));
    add_check(reply, "double", double_bits(sig_double(1e10, 0.25f, -4)),
              double_bits(-2499999999.75));
}

static void check_structs(hotreload_probe_reply_t *reply)
{
    sig_color_t color = sig_color((sig_color_t){.red = 1, .green = 2, .blue = 3});
    add_check(reply, "struct of 3 bytes",
              (uint64_t)color.red << 16 | (uint64_t)color.green << 8 | color.blue, 0x030102);

    sig_pair_t pair = sig_pair(1000, (sig_pair_t){.x = 7, .y = -9});
    add_check(reply, "struct of 2 words", digest(&pair, sizeof(pair)),
              digest(&(sig_pair_t){.x = 991, .y = 993}, sizeof(pair)));

    sig_quad_t quad = sig_quad((sig_quad_t){.word = {1, 2, 3, 4}}, 10);
    add_check(reply, "struct of 4 words", digest(&quad, sizeof(quad)),
              digest(&(sig_quad_t){.word = {11, 22, 33, 44}}, sizeof(quad)));

    sig_big_t big = sig_big(100, (sig_big_t){.word = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}});
    sig_big_t want = {.word = {100, 199, 298, 397, 496, 595, 694, 793, 892, 991}};
    add_check(reply, "struct of 10 words", digest(&big, sizeof(big)),
              digest(&want, sizeof(want)));
}

static int32_t call_vsum(int32_t count, ...)
{
    va_list values;
    va_start(values, count);
    int32_t sum = sig_vsum(count, values);
    va_end(values);
    return sum;
}

static void check_many_words(hotreload_probe_reply_t *reply)
{
    add_check(reply, "10 arguments", (uint32_t)sig_ten(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 385);
    add_check(reply, "arguments split over registers and stack",
              double_bits(sig_split(1, 2, 3, 4, 5, 0.5, (sig_pair_t){.x = 100, .y = 30})),
              double_bits(85.5));
    add_check(reply, "variadic", (uint32_t)sig_sum(9, 1, 2, 3, 4, 5, 6, 7, 8, 9), 285);
    add_check(reply, "variadic doubles",
              double_bits(sig_sum_double(5, 0.5, 1.0, 2.0, 4.0, 8.0)), double_bits(15.5));
    add_check(reply, "va_list", (uint32_t)call_vsum(8, 8, 7, 6, 5, 4, 3, 2, 1), 120);
}

static int32_t triple(int32_t value)
{
    return 3 * value;
}

static void check_control_flow(hotreload_probe_reply_t *reply)
{
    add_check(reply, "callback", (uint32_t)sig_call(triple, 5), 46);
    add_check(reply, "function pointer", (uint32_t)operation_get(2)(6, 7), 42);
    add_check(reply, "recursion through the stub", sig_recurse(60), 1830);
    add_check(reply, "alloca", sig_alloca(600), 255 * 128 * 2 + 87 * 88 / 2);
    add_check(reply, "large frame", sig_large_frame(1000), 512 * 1000 + 511 * 512 / 2);
}

/* the same from deeper and deeper stacks, so that each window of registers is the first to
 * overflow once */
static uint32_t ten_from_depth(uint32_t depth)
{
    volatile uint32_t mine = depth;
    if (depth == 0) {
        return (uint32_t)sig_ten(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    }
    return ten_from_depth(depth - 1) + (mine - depth);
}

static void check_depths(hotreload_probe_reply_t *reply)
{
    uint32_t wrong = 0;
    for (uint32_t depth = 0; depth < 16; depth++) {
        if (ten_from_depth(depth) != 385) {
            wrong |= 1u << depth;
        }
    }
    add_check(reply, "register windows", wrong, 0);
}

esp_err_t probe_handle_signatures(httpd_req_t *request)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "[");
    check_scalars(&reply);
    check_structs(&reply);
    check_many_words(&reply);
    check_control_flow(&reply);
    check_depths(&reply);
    hotreload_probe_reply_add(&reply, "]");
    return hotreload_probe_reply_send(request, &reply);
}
