/* SPDX-License-Identifier: MIT */
/*
 * A plug-in of QEMU's translator: what a firmware on the simulated board executes and accesses, seen
 * from outside. Whoever starts QEMU says what lies where; the firmware is the one that runs anyway.
 *
 *     -plugin file=observer.so,plan=FILE,out=PREFIX
 *
 * FILE has a range on each line, `KIND START END` with addresses in hexadecimal, END not in it:
 *
 *     code    what may be executed
 *     boot    the boot loader, whose accesses are not looked at; where it begins the device was reset
 *     words   executable RAM: code may access it by aligned words only
 *     heap    memory of which only blocks in use may be written by the loader, or executed
 *     loader  code whose stores are looked at
 *     copy    functions that store for their caller, which are looked at when the loader has called
 *     own     data outside of the heaps that the loader may store to
 *     window  handlers of the register windows, which may run between a call and the function called
 *     leave   code that may go on with another task
 *     blocks  function of the heap that loads the first and the last word of a block that is in use
 *             from now on, the last and the first of one that is freed
 *     mark    begins with an instruction of which is noted when it was executed
 *
 * Two files are written while QEMU runs, so that they are whole however it ends. PREFIX-PID.log has
 * a line for each thing that was seen the first time:
 *
 *     block INDEX ADDRESS BYTES INSTRUCTIONS CODE    something that is executed as a whole; CODE, its
 *                                                    bytes in hexadecimal, only in executable RAM
 *     mark ADDRESS COUNT                             instructions executed before
 *     reset COUNT
 *     byte PC ADDRESS SIZE load|store                not by words in executable RAM
 *     outside PC ADDRESS SIZE store                  the loader, where it must not
 *     data ADDRESS ADDRESS 0 execute                 what is no code was executed
 *     freed ADDRESS ADDRESS 0 execute                a heap's memory was, of a block not in use
 *
 * PREFIX-PID.counts has how often each block was executed: uint64_t in the order of the host.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#define MAX_BLOCKS (1u << 19)
#define HASH_SIZE (MAX_BLOCKS * 2)
#define MAX_RANGES 8192
#define MAX_REPORTED 4096

typedef enum {
    CODE, BOOT, WORDS, HEAP, LOADER, COPY, OWN, WINDOW, LEAVE, BLOCKS, MARK, KINDS
} kind_t;

static const char *const kind_names[KINDS] = {
    "code", "boot", "words", "heap", "loader", "copy", "own", "window", "leave", "blocks",
    "mark",
};

typedef struct {
    uint32_t start;
    uint32_t end;
    uint8_t *used; /* of a heap: each word */
} range_t;

typedef struct {
    range_t *all;
    size_t count;
} ranges_t;

typedef struct {
    uint64_t hash;
    uint32_t address;
    uint32_t instructions;
} block_t;

static ranges_t ranges[KINDS];
static int log_file;
static uint64_t *counts;
static block_t blocks[MAX_BLOCKS];
static uint32_t block_count;
static uint32_t buckets[HASH_SIZE]; /* of blocks, by hash; index + 1 */
/* Instructions before the running block: QEMU counts a block after its callbacks have been called. */
static uint64_t executed;
static uint64_t executed_for_windows; /* of these, those of the handlers */
static uint64_t behind_loader;        /* where the loader's last block ended, without handlers */
static uint64_t behind_copy_entry;    /* the same of the first block of a copying function */
static bool copies_for_loader;
static uint32_t end_of_block; /* one of both, that the heap has loaded */
static struct { uint32_t pc; const char *what; } reported[MAX_REPORTED];
static size_t reported_count;

static void say(const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (write(log_file, line, length) != length) {
        perror("observer: log");
        exit(1);
    }
}

static range_t *find(kind_t kind, uint32_t address)
{
    size_t low = 0, high = ranges[kind].count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        range_t *range = &ranges[kind].all[middle];
        if (address < range->start) {
            high = middle;
        } else if (address >= range->end) {
            low = middle + 1;
        } else {
            return range;
        }
    }
    return NULL;
}

static bool is_in_use(uint32_t address, uint32_t size)
{
    range_t *heap = find(HEAP, address);
    return heap != NULL && address + size <= heap->end
           && heap->used[(address - heap->start) / 4]
           && heap->used[(address + size - 1 - heap->start) / 4];
}

static void set_use(uint32_t first, uint32_t last, bool used)
{
    range_t *heap = find(HEAP, first);
    if (heap != NULL && last >= first && last < heap->end) {
        memset(&heap->used[(first - heap->start) / 4], used, (last - first) / 4 + 1);
    }
}

/* Once for each instruction. */
static void report(const char *what, uint32_t pc, uint32_t address, uint32_t size, const char *how)
{
    for (size_t i = 0; i < reported_count; i++) {
        if (reported[i].pc == pc && reported[i].what == what) {
            return;
        }
    }
    if (reported_count < MAX_REPORTED) {
        reported[reported_count].pc = pc;
        reported[reported_count++].what = what;
        say("%s %x %x %u %s\n", what, pc, address, size, how);
    }
}

/* an access, whose instruction is the user data */

static void on_bytes(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    (void)cpu;
    if (find(WORDS, (uint32_t)vaddr) != NULL) {
        report("byte", (uint32_t)(uintptr_t)data, (uint32_t)vaddr,
               1u << qemu_plugin_mem_size_shift(info),
               qemu_plugin_mem_is_store(info) ? "store" : "load");
    }
}

static void check_store(uint32_t pc, uint32_t address, uint32_t size)
{
    if (find(OWN, address) == NULL && !is_in_use(address, size)) {
        report("outside", pc, address, size, "store");
    }
}

static void on_store(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    (void)cpu;
    check_store((uint32_t)(uintptr_t)data, (uint32_t)vaddr, 1u << qemu_plugin_mem_size_shift(info));
}

static void on_copied(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    if (copies_for_loader) {
        on_store(cpu, info, vaddr, data);
    }
}

static void on_end_of_block(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    (void)cpu, (void)info, (void)data;
    uint32_t address = (uint32_t)vaddr;
    if (end_of_block == 0) {
        end_of_block = address;
        return;
    }
    bool is_used = end_of_block < address;
    set_use(is_used ? end_of_block : address, is_used ? address : end_of_block, is_used);
    end_of_block = 0;
}

/* a block begins; the user data is the block */

static uint64_t position(void)
{
    return executed - executed_for_windows;
}

static void on_loader(unsigned int cpu, void *data)
{
    (void)cpu;
    const block_t *block = data;
    behind_loader = position() + block->instructions;
}

static void on_copy(unsigned int cpu, void *data)
{
    (void)cpu;
    const block_t *block = data;
    /* its first instruction may need a handler, and begins again then */
    bool begins_again = position() == behind_copy_entry;
    copies_for_loader = position() == behind_loader || (copies_for_loader && begins_again);
    behind_copy_entry = position() + block->instructions;
}

static void on_leave(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    copies_for_loader = false;
}

static void on_heap(unsigned int cpu, void *data)
{
    (void)cpu;
    const block_t *block = data;
    if (!is_in_use(block->address, 1)) {
        report("freed", block->address, block->address, 0, "execute");
    }
}

static void on_mark(unsigned int cpu, void *data)
{
    (void)cpu;
    const block_t *block = data;
    say("mark %x %llu\n", block->address, (unsigned long long)executed);
}

static void on_reset(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    for (size_t i = 0; i < ranges[HEAP].count; i++) {
        range_t *heap = &ranges[HEAP].all[i];
        memset(heap->used, 0, (heap->end - heap->start) / 4);
    }
    end_of_block = 0;
    copies_for_loader = false;
    say("reset %llu\n", (unsigned long long)executed);
}

/* translation: instructions as in the ISA manual, formats RRI8 and RRRN */

#define OP0_LSAI 2
#define OP0_S32I_N 9
#define STACK_POINTER 1

static bool is_load_or_store_of_bytes(const uint8_t *code)
{
    static const uint16_t kinds = 1 << 0 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 9; /* L8UI..., L16SI */
    return (code[0] & 15) == OP0_LSAI && kinds >> (code[1] >> 4) & 1;
}

static bool is_store(const uint8_t *code)
{
    static const uint16_t kinds = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 14 | 1 << 15; /* S8I..., S32RI */
    return (code[0] & 15) == OP0_S32I_N
           || ((code[0] & 15) == OP0_LSAI && kinds >> (code[1] >> 4) & 1);
}

/* Whether it loads or stores is known: QEMU 7.2 tells nothing to who asks for loads alone. */
static void watch(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t callback)
{
    void *pc = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
    qemu_plugin_register_vcpu_mem_cb(insn, callback, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     pc);
}

static void watch_instruction(struct qemu_plugin_insn *insn)
{
    const uint8_t *code = qemu_plugin_insn_data(insn);
    uint32_t pc = (uint32_t)qemu_plugin_insn_vaddr(insn);
    if (is_load_or_store_of_bytes(code)) {
        watch(insn, on_bytes);
    }
    if (is_store(code)) {
        /* what a function keeps on its stack is no concern */
        if (find(LOADER, pc) != NULL && (code[1] & 15) != STACK_POINTER) {
            watch(insn, on_store);
        } else if (find(COPY, pc) != NULL) {
            watch(insn, on_copied);
        }
    }
    if (find(BLOCKS, pc) != NULL) {
        watch(insn, on_end_of_block);
    }
}

static uint64_t hash_of(uint32_t address, const uint8_t *code, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u ^ address; /* FNV-1a */
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ code[i]) * 0x100000001b3u;
    }
    return hash ^ hash >> 32;
}

/* The same code at the same address is the same block, however often it is translated. */
static block_t *block_of(uint32_t address, uint32_t instructions, const uint8_t *code, size_t size)
{
    uint64_t hash = hash_of(address, code, size);
    size_t at = hash % HASH_SIZE;
    while (buckets[at] != 0) {
        block_t *block = &blocks[buckets[at] - 1];
        if (block->hash == hash && block->address == address) {
            return block;
        }
        at = (at + 1) % HASH_SIZE;
    }
    if (block_count == MAX_BLOCKS) {
        fprintf(stderr, "observer: more than %u blocks\n", MAX_BLOCKS);
        exit(1);
    }
    block_t *block = &blocks[block_count];
    *block = (block_t){.hash = hash, .address = address, .instructions = instructions};
    char text[1025] = "";
    for (size_t i = 0; find(WORDS, address) != NULL && i < size && i < 512; i++) {
        snprintf(&text[i * 2], 3, "%02x", code[i]);
    }
    say("block %u %x %zu %u%s%s\n", block_count, address, size, instructions, *text ? " " : "", text);
    buckets[at] = ++block_count;
    return block;
}

static void on_block(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t callback, block_t *block)
{
    qemu_plugin_register_vcpu_tb_exec_cb(tb, callback, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(tb), size = 0;
    uint32_t address = (uint32_t)qemu_plugin_tb_vaddr(tb);
    uint8_t code[4096];
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        size_t length = qemu_plugin_insn_size(insn);
        if (size + length <= sizeof(code)) {
            memcpy(&code[size], qemu_plugin_insn_data(insn), length);
            size += length;
        }
    }
    block_t *block = block_of(address, (uint32_t)count, code, size);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                             &counts[block - blocks], 1);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &executed, count);
    if (find(WINDOW, address) != NULL) {
        qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                                 &executed_for_windows, count);
    }
    const range_t *boot = find(BOOT, address);
    if (boot != NULL) {
        if (address == boot->start) {
            on_block(tb, on_reset, block);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        watch_instruction(qemu_plugin_tb_get_insn(tb, i));
    }
    const range_t *mark = find(MARK, address);
    if (mark != NULL && mark->start == address) {
        on_block(tb, on_mark, block);
    }
    const range_t *copy = find(COPY, address);
    if (find(LOADER, address) != NULL) {
        on_block(tb, on_loader, block);
    } else if (copy != NULL && copy->start == address) {
        on_block(tb, on_copy, block);
    } else if (find(LEAVE, address) != NULL) {
        on_block(tb, on_leave, block);
    } else if (find(WORDS, address) != NULL) {
        on_block(tb, on_heap, block);
    } else if (find(CODE, address) == NULL) {
        report("data", address, address, 0, "execute");
    }
}

/* start */

static int by_start(const void *left, const void *right)
{
    const range_t *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

static bool read_plan(const char *path)
{
    FILE *plan = fopen(path, "r");
    char name[16];
    range_t range = {0};
    if (plan == NULL) {
        perror(path);
        return false;
    }
    while (fscanf(plan, "%15s %x %x", name, &range.start, &range.end) == 3) {
        for (kind_t kind = 0; kind < KINDS; kind++) {
            ranges_t *of = &ranges[kind];
            if (strcmp(name, kind_names[kind]) == 0 && of->count < MAX_RANGES) {
                of->all = realloc(of->all, (of->count + 1) * sizeof(range));
                of->all[of->count++] = range;
            }
        }
    }
    fclose(plan);
    for (kind_t kind = 0; kind < KINDS; kind++) {
        qsort(ranges[kind].all, ranges[kind].count, sizeof(range_t), by_start);
    }
    for (size_t i = 0; i < ranges[HEAP].count; i++) {
        range_t *heap = &ranges[HEAP].all[i];
        heap->used = calloc((heap->end - heap->start) / 4 + 1, 1);
    }
    return true;
}

static bool open_files(const char *prefix)
{
    char name[4096];
    snprintf(name, sizeof(name), "%s-%d.log", prefix, getpid());
    log_file = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    snprintf(name, sizeof(name), "%s-%d.counts", prefix, getpid());
    int file = open(name, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    size_t size = MAX_BLOCKS * sizeof(*counts);
    if (log_file < 0 || file < 0 || ftruncate(file, (off_t)size) != 0) {
        perror(name);
        return false;
    }
    counts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return counts != MAP_FAILED;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    const char *plan = NULL, *out = NULL;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "plan=", 5) == 0) {
            plan = argv[i] + 5;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out = argv[i] + 4;
        }
    }
    if (plan == NULL || out == NULL) {
        fprintf(stderr, "observer: plan=FILE and out=PREFIX are needed\n");
        return 1;
    }
    if (!read_plan(plan) || !open_files(out)) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
