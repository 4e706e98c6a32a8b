/* One object in each kind of data section, and a pointer to each. */
#include "module_api.h"

static uint8_t bytes_in_bss[3];
static uint64_t aligned_in_bss __attribute__((aligned(64)));
static uint64_t aligned_in_data __attribute__((aligned(32))) = 5;
static const uint8_t odd_in_rodata[7] = {1, 2, 3, 4, 5, 6, 7};
static uint8_t *const to_bss = bytes_in_bss + 1;
static uint64_t *to_aligned_bss = &aligned_in_bss;
static uint64_t *volatile to_data = &aligned_in_data;
static const uint8_t *const to_odd = odd_in_rodata + 5;
static void *volatile own_address = (void *)&own_address;

int32_t answer(void)
{
    int32_t aligned = ((uintptr_t)to_aligned_bss & 63) == 0 && ((uintptr_t)to_data & 31) == 0;
    return *to_bss + (int32_t)*to_aligned_bss + (int32_t)*to_data + *to_odd +
           100 * (own_address == (void *)&own_address) + 1000 * aligned;
}
