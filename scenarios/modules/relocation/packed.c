/* Packed structs: pointers at addresses that are not aligned, in constants and in data. */
#include "module_api.h"

typedef struct __attribute__((packed)) {
    uint8_t tag;
    const char *text;
    uint16_t size;
    operation_t operation;
    uint8_t after;
} record_t;

static int32_t times(int32_t a, int32_t b)
{
    return a * b;
}

static const record_t constants[] = {{1, "one", 2, times, 3}, {4, "two", 5, firmware_add, 6}};
static record_t writable[] = {{7, "seven", 8, times, 9}, {10, NULL, 11, NULL, 12}};

int32_t answer(void)
{
    const record_t *volatile records = constants;
    return records[0].operation(6, 7) + records[1].operation(1, 2) + records[1].text[0] +
           writable[0].operation(2, records[0].after);
}
