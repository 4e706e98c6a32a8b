/* Runs the table of signatures on the bare board, where the copies of the functions stand for the
 * module: no loader, no library. Prints each call that goes wrong, and how many rows there were. */
#include <string.h>

#include "control_flow.h"
#include "hotreload_table.h"
#include "signature_run.h"

#define UART 0x9d050020u
#define UART_LSR_EMPTY 0x20u
#define FPGA_RESET 0x9d020010u
#define REG32(address) (*(volatile uint32_t *)(address))

_Noreturn void board_main(void);
_Noreturn void board_crash(uint32_t cause, uint32_t pc);

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        while ((REG32(UART + 0x14) & UART_LSR_EMPTY) == 0) {
        }
        REG32(UART) = (uint8_t)*text;
    }
}

static void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        put((char[2]) {"0123456789abcdef"[(value >> shift) & 15]});
    }
}

/* with -no-reboot the emulator ends at a reset */
_Noreturn static void leave(void)
{
    for (;;) {
        REG32(FPGA_RESET) = 0xdead;
    }
}

_Noreturn void board_crash(uint32_t cause, uint32_t pc)
{
    put("crash ");
    put_hex(cause);
    put(" at ");
    put_hex(pc);
    put("\n");
    leave();
}

/* what the compiler calls for structs */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const volatile uint8_t *a = left;
    const volatile uint8_t *b = right;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

int strcmp(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

static sig_function_t **slot_of(const char *name)
{
    for (size_t i = 0; i < hotreload_symbol_count; i++) {
        if (strcmp(hotreload_symbol_names[i], name) == 0) {
            return (sig_function_t **)&hotreload_symbol_table[i];
        }
    }
    put("no stub of ");
    put(name);
    put("\n");
    leave();
}

sig_function_t *sig_loaded(const char *name)
{
    return *slot_of(name);
}

static void load(const sig_row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *slot_of(rows[i].name) = rows[i].copy;
    }
}

/* of the component in a firmware: what stubs call as long as no module is loaded */
struct words {
    uint32_t word[4];
} hotreload_unloaded_stub(void);

struct words hotreload_unloaded_stub(void)
{
    return (struct words) {{0x11, 0x22, 0x33, 0x44}};
}

static void *apart[5];
static uint32_t apart_value;

_Noreturn void flow_leave(uint32_t value)
{
    apart_value = value;
    __builtin_longjmp(apart, 1);
}

uint32_t flow_apart(void (*body)(void *context), void *context)
{
    apart_value = 0;
    if (__builtin_setjmp(apart) == 0) {
        body(context);
    }
    return apart_value;
}

static void report(void *context, const sig_row_t *row, const char *way, unsigned depth,
                   const sig_outcome_t *outcome)
{
    (void)context;
    put("wrong: ");
    put(row->prototype);
    put(" ");
    put(way);
    put(" from depth ");
    put_hex(depth);
    put(": ");
    put(outcome->wrong);
    put(" ");
    put_hex(outcome->argument);
    put("\n");
}

typedef struct words words_function_t(void);

void board_main(void)
{
    static const char *const groups[] = {
        "scalars", "sizes", "structs", "counts", "positions", "variadic", "control-flow",
    };
    const words_function_t *stub = (const words_function_t *)sig_flow_rows[0].stub;
    struct words words = stub();
    put("unloaded ");
    for (int i = 0; i < 4; i++) {
        put_hex(words.word[i]);
    }
    put("\n");

    load(sig_rows, sig_row_count);
    load(sig_flow_rows, sig_flow_row_count);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        size_t rows = sig_run(groups[i], report, NULL);
        put("rows ");
        put_hex(rows);
        put(" ");
        put(groups[i]);
        put("\n");
    }
    put("end\n");
    leave();
}
