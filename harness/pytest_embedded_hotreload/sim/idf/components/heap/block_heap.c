/* SPDX-License-Identifier: MIT */
#include "block_heap.h"

#include "esp_private/memory_protection.h"
#include "sdkconfig.h"

#define FLAG_USED 1u
#define FLAGS 7u
#define MIN_PAYLOAD 8u

static size_t size_of(const block_t *block)
{
    return block->size_and_flags & ~FLAGS;
}

static bool is_used(const block_t *block)
{
    return block->size_and_flags & FLAG_USED;
}

static void set_size(block_t *block, size_t size, uint32_t flags)
{
    block->size_and_flags = (uint32_t)size | flags;
}

static block_t *next_of(const block_t *block)
{
    return (block_t *)((uintptr_t)block + BLOCK_HEADER_SIZE + size_of(block));
}

static void *payload_of(block_t *block)
{
    return &block->next_free;
}

static block_t *block_of(const void *ptr)
{
    return (block_t *)((uintptr_t)ptr - BLOCK_HEADER_SIZE);
}

/*
 * What this loads from tells who looks at the emulator's accesses (sim/observer) where a block is: the
 * first and the last word of one that is used from now on, the last and the first of one that is freed.
 */
__attribute__((noinline)) static void heap_observe(const volatile uint32_t *from,
                                                   const volatile uint32_t *to)
{
#if CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY
    esp_memory_protection_open_iram(true);
#endif
    (void)*from;
    (void)*to;
#if CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY
    esp_memory_protection_open_iram(false);
#endif
}

static uint32_t *last_word(block_t *block, size_t size)
{
    return (uint32_t *)payload_of(block) + size / sizeof(uint32_t) - 1;
}

static void observe_used(block_t *block)
{
    heap_observe(payload_of(block), last_word(block, size_of(block)));
}

static void observe_freed(block_t *block, size_t size)
{
    heap_observe(last_word(block, size), payload_of(block));
}

/* four classes per power of two */
static unsigned class_of(size_t size)
{
    unsigned log2 = 31 - __builtin_clz((uint32_t)size | 4);
    unsigned index = (log2 - 2) * 4 + ((uint32_t)size >> (log2 - 2) & 3);
    return index < BLOCK_CLASSES ? index : BLOCK_CLASSES - 1;
}

/* first class of which every block is large enough */
static unsigned class_all_fit(size_t size)
{
    unsigned log2 = 31 - __builtin_clz((uint32_t)size | 4);
    return class_of(size + ((1u << (log2 - 2)) - 1));
}

static void link_free(block_heap_t *heap, block_t *block)
{
    unsigned index = class_of(size_of(block));
    block->previous_free = NULL;
    block->next_free = heap->classes[index];
    if (block->next_free) {
        block->next_free->previous_free = block;
    }
    heap->classes[index] = block;
    heap->class_map[index / 32] |= 1u << (index % 32);
    heap->free_bytes += size_of(block);
}

static void unlink_free(block_heap_t *heap, block_t *block)
{
    unsigned index = class_of(size_of(block));
    if (block->previous_free) {
        block->previous_free->next_free = block->next_free;
    } else {
        heap->classes[index] = block->next_free;
        if (!block->next_free) {
            heap->class_map[index / 32] &= ~(1u << (index % 32));
        }
    }
    if (block->next_free) {
        block->next_free->previous_free = block->previous_free;
    }
    heap->free_bytes -= size_of(block);
}

/* the size leads to a header inside the heap */
static bool has_sane_size(const block_heap_t *heap, const block_t *block)
{
    uintptr_t next = (uintptr_t)next_of(block);
    return next > (uintptr_t)block && next <= heap->end;
}

void block_heap_init(block_heap_t *heap, void *memory, size_t size)
{
    uintptr_t start = ((uintptr_t)memory + BLOCK_ALIGNMENT - 1) & ~(BLOCK_ALIGNMENT - 1u);
    uintptr_t end = ((uintptr_t)memory + size) & ~(BLOCK_ALIGNMENT - 1u);

    *heap = (block_heap_t){.start = start, .end = end - BLOCK_HEADER_SIZE, .blocks = 1};
    block_t *block = (block_t *)start;
    block->previous = NULL;
    set_size(block, heap->end - start - BLOCK_HEADER_SIZE, 0);
    block_t *closing = next_of(block);
    closing->previous = block;
    set_size(closing, 0, FLAG_USED);
    link_free(heap, block);
    heap->minimum_free_bytes = heap->free_bytes;
}

static block_t *find_in_list(block_t *block, size_t size)
{
    while (block && size_of(block) < size) {
        block = block->next_free;
    }
    return block;
}

static block_t *find_from_class(const block_heap_t *heap, unsigned index)
{
    for (unsigned word = index / 32; word < BLOCK_CLASSES / 32; word++) {
        uint32_t map = heap->class_map[word];
        if (word == index / 32) {
            map &= ~0u << (index % 32);
        }
        if (map) {
            return heap->classes[word * 32 + __builtin_ctz(map)];
        }
    }
    return NULL;
}

static block_t *find_free(const block_heap_t *heap, size_t size)
{
    unsigned fits = class_all_fit(size);
    /* the last class is open ended, so its blocks have to be looked at */
    block_t *block = fits < BLOCK_CLASSES - 1 ? find_from_class(heap, fits) : NULL;
    if (block && size_of(block) >= size) {
        return block;
    }
    return find_in_list(heap->classes[class_of(size)], size);
}

/* gives what is behind the first size bytes of a used block back to the heap */
static void trim(block_heap_t *heap, block_t *block, size_t size)
{
    size_t surplus = size_of(block) - size;
    if (surplus < BLOCK_HEADER_SIZE + MIN_PAYLOAD) {
        return;
    }
    block_t *after = next_of(block);
    set_size(block, size, FLAG_USED);
    block_t *rest = next_of(block);
    rest->previous = block;
    set_size(rest, surplus - BLOCK_HEADER_SIZE, 0);
    if (is_used(after)) {
        after->previous = rest;
        heap->blocks++;
    } else {
        unlink_free(heap, after);
        set_size(rest, size_of(rest) + BLOCK_HEADER_SIZE + size_of(after), 0);
        next_of(rest)->previous = rest;
    }
    link_free(heap, rest);
}

/* payload size for a request, 0 when it cannot be had */
static size_t rounded(const block_heap_t *heap, size_t size)
{
    if (size == 0 || size > heap->end - heap->start) {
        return 0;
    }
    size = (size + BLOCK_ALIGNMENT - 1) & ~(BLOCK_ALIGNMENT - 1u);
    return size < MIN_PAYLOAD ? MIN_PAYLOAD : size;
}

/* splits off the front of a block in use, so that its payload begins at the address */
static block_t *split_front(block_heap_t *heap, block_t *front, uintptr_t payload)
{
    block_t *after = next_of(front);
    block_t *block = block_of((void *)payload);
    size_t front_size = (uintptr_t)block - (uintptr_t)payload_of(front);
    set_size(block, (uintptr_t)after - payload, FLAG_USED);
    block->previous = front;
    after->previous = block;
    set_size(front, front_size, 0);
    link_free(heap, front); /* its neighbour in front is in use: two free ones never touch */
    heap->blocks++;
    return block;
}

static void note_minimum(block_heap_t *heap)
{
    if (heap->free_bytes < heap->minimum_free_bytes) {
        heap->minimum_free_bytes = heap->free_bytes;
    }
}

void *block_heap_alloc(block_heap_t *heap, size_t size, size_t alignment)
{
    size = rounded(heap, size);
    if (size == 0 || alignment > heap->end - heap->start) {
        return NULL;
    }
    size_t slack = alignment > BLOCK_ALIGNMENT ? alignment + BLOCK_HEADER_SIZE + MIN_PAYLOAD : 0;
    block_t *block = find_free(heap, size + slack);
    if (!block) {
        return NULL;
    }
    unlink_free(heap, block);
    set_size(block, size_of(block), FLAG_USED);
    uintptr_t payload = (uintptr_t)payload_of(block);
    if (payload & (alignment - 1)) {
        payload += BLOCK_HEADER_SIZE + MIN_PAYLOAD;
        payload = (payload + alignment - 1) & ~(alignment - 1);
        block = split_front(heap, block, payload);
    }
    trim(heap, block, size);
    note_minimum(heap);
    observe_used(block);
    return payload_of(block);
}

const char *block_heap_check_block(const block_heap_t *heap, const void *ptr)
{
    const block_t *block = block_of(ptr);
    if (((uintptr_t)ptr & (BLOCK_ALIGNMENT - 1)) || (uintptr_t)block < heap->start) {
        return "not the address of a block";
    }
    if (!has_sane_size(heap, block) || next_of(block)->previous != block) {
        return "block header or the one behind it overwritten, or not the address of a block";
    }
    if (block->previous && ((uintptr_t)block->previous < heap->start ||
                            block->previous >= block || ((uintptr_t)block->previous & 7) ||
                            next_of(block->previous) != block)) {
        return "block header or the one before it overwritten";
    }
    if (!block->previous && (uintptr_t)block != heap->start) {
        return "block header overwritten";
    }
    return NULL;
}

const char *block_heap_free(block_heap_t *heap, void *ptr)
{
    block_t *block = block_of(ptr);
    /* of a block freed before and merged away since, the used flag is still clear */
    if (!((uintptr_t)ptr & (BLOCK_ALIGNMENT - 1)) && (uintptr_t)block >= heap->start &&
        !is_used(block)) {
        return "block is free already";
    }
    const char *fault = block_heap_check_block(heap, ptr);
    if (fault) {
        return fault;
    }
    observe_freed(block, size_of(block));
    set_size(block, size_of(block), 0);
    block_t *after = next_of(block);
    block_t *before = block->previous;
    if (!is_used(after)) {
        unlink_free(heap, after);
        set_size(block, size_of(block) + BLOCK_HEADER_SIZE + size_of(after), 0);
        heap->blocks--;
    }
    if (before && !is_used(before)) {
        unlink_free(heap, before);
        set_size(before, size_of(before) + BLOCK_HEADER_SIZE + size_of(block), 0);
        block = before;
        heap->blocks--;
    }
    next_of(block)->previous = block;
    link_free(heap, block);
    return NULL;
}

bool block_heap_resize(block_heap_t *heap, void *ptr, size_t size)
{
    block_t *block = block_of(ptr);
    size = rounded(heap, size);
    if (size == 0) {
        return false;
    }
    size_t before = size_of(block);
    if (size > before) {
        block_t *after = next_of(block);
        size_t together = before + BLOCK_HEADER_SIZE + size_of(after);
        if (is_used(after) || together < size) {
            return false;
        }
        unlink_free(heap, after);
        set_size(block, together, FLAG_USED);
        next_of(block)->previous = block;
        heap->blocks--;
    }
    trim(heap, block, size);
    note_minimum(heap);
    observe_freed(block, before);
    observe_used(block);
    return true;
}

size_t block_heap_block_size(const void *ptr)
{
    return size_of(block_of(ptr));
}

size_t block_heap_largest_free(const block_heap_t *heap)
{
    for (int word = BLOCK_CLASSES / 32 - 1; word >= 0; word--) {
        if (heap->class_map[word]) {
            size_t largest = 0;
            int top = 31 - __builtin_clz(heap->class_map[word]);
            for (const block_t *b = heap->classes[word * 32 + top]; b; b = b->next_free) {
                largest = size_of(b) > largest ? size_of(b) : largest;
            }
            return largest;
        }
    }
    return 0;
}

size_t block_heap_total(const block_heap_t *heap)
{
    return heap->end - heap->start;
}

void block_heap_walk(const block_heap_t *heap, block_visitor_t visit)
{
    for (block_t *block = (block_t *)heap->start; (uintptr_t)block < heap->end;
         block = next_of(block)) {
        visit(payload_of(block), size_of(block), is_used(block));
    }
}

void block_heap_add_info(const block_heap_t *heap, multi_heap_info_t *info)
{
    size_t free_blocks = 0;
    for (int i = 0; i < BLOCK_CLASSES; i++) {
        for (const block_t *block = heap->classes[i]; block; block = block->next_free) {
            free_blocks++;
        }
    }
    size_t largest = block_heap_largest_free(heap);
    info->total_free_bytes += heap->free_bytes;
    info->total_allocated_bytes +=
        block_heap_total(heap) - heap->free_bytes - heap->blocks * BLOCK_HEADER_SIZE;
    info->minimum_free_bytes += heap->minimum_free_bytes;
    info->free_blocks += free_blocks;
    info->allocated_blocks += heap->blocks - free_blocks;
    info->total_blocks += heap->blocks;
    if (largest > info->largest_free_block) {
        info->largest_free_block = largest;
    }
}

static bool is_in_its_list(const block_heap_t *heap, const block_t *block)
{
    const block_t *head = heap->classes[class_of(size_of(block))];
    const block_t *before = block->previous_free;
    const block_t *after = block->next_free;
    if (before ? !block_heap_contains(heap, before) || ((uintptr_t)before & 7) : head != block) {
        return false;
    }
    if (after && (!block_heap_contains(heap, after) || ((uintptr_t)after & 7))) {
        return false;
    }
    return (!before || before->next_free == block) && (!after || after->previous_free == block);
}

const char *block_heap_check(const block_heap_t *heap, uintptr_t *where)
{
    size_t free_bytes = 0;
    size_t blocks = 0;
    bool previous_free = false;
    const block_t *previous = NULL;
    const block_t *block = (const block_t *)heap->start;

    while ((uintptr_t)block < heap->end) {
        *where = (uintptr_t)block;
        if (block->previous != previous || !has_sane_size(heap, block) ||
            next_of(block)->previous != block) {
            return "block header overwritten";
        }
        if (!is_used(block)) {
            if (previous_free) {
                return "two free blocks side by side";
            }
            if (!is_in_its_list(heap, block)) {
                return "free list overwritten (block written to after free?)";
            }
            free_bytes += size_of(block);
        }
        blocks++;
        previous_free = !is_used(block);
        previous = block;
        block = next_of(block);
    }
    *where = heap->start;
    if (free_bytes != heap->free_bytes || blocks != heap->blocks) {
        return "the heap's counters do not match its blocks";
    }
    return NULL;
}
