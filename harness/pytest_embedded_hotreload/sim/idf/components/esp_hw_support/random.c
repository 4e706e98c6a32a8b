/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "esp_attr.h"
#include "esp_random.h"
#include "xt_utils.h"
#include "xtensa/xtensa_api.h"

/* xorshift32 (Marsaglia), with the cycle counter mixed in at every call; a reset leaves the state
   as it is, so that a boot whose cycles are counted out exactly gives other numbers than the last */
uint32_t esp_random(void)
{
    static __NOINIT_ATTR uint32_t s_state;

    uint32_t ps = xt_int_disable();
    uint32_t x = s_state ^ xt_utils_get_cycle_count();
    if (x == 0) {
        x = 0x2545f491; /* the one state it never leaves */
    }
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    s_state = x;
    xt_int_restore(ps);
    return x;
}

void esp_fill_random(void *buf, size_t len)
{
    uint8_t *bytes = buf;
    while (len > 0) {
        uint32_t word = esp_random();
        size_t part = len < sizeof(word) ? len : sizeof(word);
        memcpy(bytes, &word, part);
        bytes += part;
        len -= part;
    }
}
