/* Jump tables, dense and with a hole, whose cases call into the firmware and this module. */
#include "module_api.h"

int32_t dispatch(int32_t code)
{
    switch (code) {
    case -2: return firmware_add(code, 5);
    case -1: return answer();
    case 0: return (int32_t)firmware_word;
    case 1: return firmware_negate(9);
    case 2: return 0x12345678;
    case 3: return (int32_t)add(3, 4);
    case 4: return (int32_t)firmware_table[4];
    case 9: return 999;
    case 10: return (int32_t)counter_value();
    case 11: return firmware_add(code, -1);
    case 12: return firmware_operation(code, 1);
    case 13: return -13;
    default: return firmware_negate(code);
    }
}

int32_t answer(void)
{
    int32_t sum = 0;
    for (int32_t code = -3; code < 15; code++) {
        sum += code == -1 ? 0 : dispatch(code);
    }
    return sum;
}
