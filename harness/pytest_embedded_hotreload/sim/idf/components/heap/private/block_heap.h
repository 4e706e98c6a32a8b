/* SPDX-License-Identifier: MIT */
/*
 * One heap in one region. Blocks lie side by side; free ones are in lists by size
 * class, found through bit maps, so that allocation and free take constant time.
 * Everything is done by aligned 32-bit accesses: instruction RAM takes no others.
 * The caller locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "multi_heap.h"

#define BLOCK_ALIGNMENT 8
#define BLOCK_CLASSES 96

typedef struct block {
    /* in memory; first, so that already the first byte written beyond a payload is seen */
    struct block *previous;
    uint32_t size_and_flags; /* of the payload; multiple of 8, flags in the low bits */
    /* payload; of a free block: */
    struct block *next_free;
    struct block *previous_free;
} block_t;

#define BLOCK_HEADER_SIZE offsetof(block_t, next_free)

typedef struct {
    uintptr_t start;
    uintptr_t end; /* of the last block's payload; a closing header follows */
    size_t free_bytes;
    size_t minimum_free_bytes;
    size_t blocks;
    uint32_t class_map[BLOCK_CLASSES / 32];
    block_t *classes[BLOCK_CLASSES];
} block_heap_t;

void block_heap_init(block_heap_t *heap, void *memory, size_t size);

/* NULL when there is no room; alignment is a power of two */
void *block_heap_alloc(block_heap_t *heap, size_t size, size_t alignment);

/* NULL, or what is wrong with the block */
const char *block_heap_free(block_heap_t *heap, void *ptr);

/* makes a block larger or smaller in its place; false: not possible */
bool block_heap_resize(block_heap_t *heap, void *ptr, size_t size);

/* NULL, or what is wrong with the header of the block at ptr */
const char *block_heap_check_block(const block_heap_t *heap, const void *ptr);

size_t block_heap_block_size(const void *ptr);
size_t block_heap_largest_free(const block_heap_t *heap);
size_t block_heap_total(const block_heap_t *heap);
void block_heap_add_info(const block_heap_t *heap, multi_heap_info_t *info);

/* NULL, or what is wrong; then *where is the address */
const char *block_heap_check(const block_heap_t *heap, uintptr_t *where);

static inline bool block_heap_contains(const block_heap_t *heap, const void *ptr)
{
    return (uintptr_t)ptr >= heap->start && (uintptr_t)ptr < heap->end;
}

typedef void (*block_visitor_t)(void *ptr, size_t size, bool used);
void block_heap_walk(const block_heap_t *heap, block_visitor_t visit);
