/*
 * What newlib wants of a system, for a program on the bare board: one task, the UART as standard
 * output, a heap that only grows. The program ends by a reset, at which QEMU leaves (-no-reboot).
 */
#include <errno.h>
#include <reent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/lock.h>
#include <sys/stat.h>

#define UART 0x9d050020u
#define UART_LSR_EMPTY 0x20u
#define FPGA_RESET 0x9d020010u
#define REG32(address) (*(volatile uint32_t *)(address))

int main(void);
_Noreturn void board_main(void);
_Noreturn void board_crash(uint32_t cause, uint32_t pc);

extern char __heap_start[];

_Noreturn static void leave(void)
{
    for (;;) {
        REG32(FPGA_RESET) = 0xdead;
    }
}

_Noreturn void board_main(void)
{
    int code = main();
    printf("exit %d\n", code);
    fflush(stdout);
    leave();
}

static void put(char character)
{
    while ((REG32(UART + 0x14) & UART_LSR_EMPTY) == 0) {
    }
    REG32(UART) = (uint8_t)character;
}

_Noreturn void board_crash(uint32_t cause, uint32_t pc)
{
    const uint32_t values[] = {cause, pc};
    for (const char *text = "crash"; *text; text++) {
        put(*text);
    }
    for (int i = 0; i < 2; i++) {
        put(' ');
        for (int shift = 28; shift >= 0; shift -= 4) {
            put("0123456789abcdef"[(values[i] >> shift) & 15]);
        }
    }
    put('\n');
    leave();
}

_ssize_t _write_r(struct _reent *reent, int file, const void *data, size_t size)
{
    (void)reent;
    (void)file;
    for (size_t i = 0; i < size; i++) {
        put(((const char *)data)[i]);
    }
    return (_ssize_t)size;
}

_ssize_t _read_r(struct _reent *reent, int file, void *data, size_t size)
{
    (void)reent, (void)file, (void)data, (void)size;
    return 0;
}

int _fstat_r(struct _reent *reent, int file, struct stat *status)
{
    (void)reent, (void)file;
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFCHR;
    return 0;
}

int _isatty_r(struct _reent *reent, int file)
{
    (void)reent, (void)file;
    return 1;
}

int _close_r(struct _reent *reent, int file)
{
    (void)reent, (void)file;
    return 0;
}

_off_t _lseek_r(struct _reent *reent, int file, _off_t offset, int whence)
{
    (void)reent, (void)file, (void)offset, (void)whence;
    return 0;
}

void _exit(int code)
{
    (void)code;
    leave();
}

int _kill(int process, int signal)
{
    (void)process, (void)signal;
    leave();
}

int _getpid(void)
{
    return 1;
}

struct _reent *__getreent(void)
{
    static struct _reent reent = _REENT_INIT(reent);
    return &reent;
}

/* the size in front of each block is for realloc */
void *malloc(size_t size)
{
    static char *next = __heap_start;
    size_t *block = (size_t *)next;
    next += (size + 31) & ~(size_t)15;
    *block = size;
    return block + 4;
}

void *calloc(size_t count, size_t size)
{
    return memset(malloc(count * size), 0, count * size);
}

void *realloc(void *block, size_t size)
{
    void *larger = malloc(size);
    if (block) {
        const size_t old = ((size_t *)block)[-4];
        memcpy(larger, block, old < size ? old : size);
    }
    return larger;
}

void free(void *block)
{
    (void)block;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    (void)reent;
    return malloc(size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    (void)reent;
    return calloc(count, size);
}

void *_realloc_r(struct _reent *reent, void *block, size_t size)
{
    (void)reent;
    return realloc(block, size);
}

void _free_r(struct _reent *reent, void *block)
{
    (void)reent, (void)block;
}

/* one task needs no locks */
struct __lock {
    int unused;
};
struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex, __lock___env_recursive_mutex, __lock___tz_mutex;

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    (void)lock;
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    (void)lock;
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    (void)lock;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    (void)lock;
}

void __retarget_lock_release(_LOCK_T lock)
{
    (void)lock;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    (void)lock;
}
