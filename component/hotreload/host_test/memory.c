/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "esp_heap_caps.h"

#define BLOCKS_MAX 32
#define BLOCK_SIZE_MAX (256 * 1024) /* a device has no more */

/* the linker sends malloc, calloc and free of the code under test here (--wrap) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);

static uint32_t blocks;
static uint32_t countdown;

static struct {
    const void *block;
    uint32_t address;
    uint32_t size;
    uint32_t sum; /* when the image was declared complete */
    bool complete;
} pretended[BLOCKS_MAX];

static uint32_t next_address[2];

void memory_fail_at(uint32_t allocation)
{
    countdown = allocation;
}

uint32_t memory_blocks(void)
{
    return blocks;
}

static void *counted(void *block)
{
    blocks += block != NULL;
    return block;
}

static bool fails(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

void *heap_caps_malloc(size_t size, uint32_t caps)
{
    assert(caps == (MALLOC_CAP_EXEC | MALLOC_CAP_32BIT)
           || caps == (MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL));
    return __wrap_malloc(size);
}

static bool watched;

void memory_watch_free(void)
{
    watched = true;
}

void heap_caps_free(void *block)
{
    if (watched) {
        printf("freed 0x%08x\n", *(const unsigned *)block);
    }
    __wrap_free(block);
}

size_t heap_caps_get_total_size(uint32_t caps)
{
    (void)caps;
    return BLOCK_SIZE_MAX;
}

/* Which memory is asked about, in thousands. */
static size_t thousands(uint32_t caps)
{
    switch (caps) {
    case MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL:
        return 1000;
    case MALLOC_CAP_EXEC:
        return 2000;
    case MALLOC_CAP_SPIRAM:
        return 3000;
    default:
        return 0;
    }
}

size_t heap_caps_get_free_size(uint32_t caps)
{
    return thousands(caps) + MEMORY_FREE;
}

size_t heap_caps_get_minimum_free_size(uint32_t caps)
{
    return thousands(caps) + MEMORY_MINIMUM;
}

size_t heap_caps_get_largest_free_block(uint32_t caps)
{
    return thousands(caps) + MEMORY_LARGEST;
}

static void *allocate(void *context, hr_segment_kind_t kind, uint32_t size)
{
    (void)context;
    assert(size % 4 == 0);
    void *block = size <= BLOCK_SIZE_MAX ? __wrap_malloc(size) : NULL;
    for (size_t i = 0; block != NULL && i < BLOCKS_MAX; i++) {
        if (pretended[i].block == NULL) {
            pretended[i].block = block;
            pretended[i].address = next_address[kind];
            pretended[i].size = size;
            pretended[i].complete = false;
            next_address[kind] += size;
            return block;
        }
    }
    return NULL;
}

static void release(void *context, void *block)
{
    (void)context;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (pretended[i].block == block) {
            pretended[i].block = NULL;
        }
    }
    __wrap_free(block);
}

static uint32_t address(void *context, const void *block)
{
    (void)context;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (pretended[i].block == block) {
            return pretended[i].address;
        }
    }
    assert(!"a block of this memory");
    return 0;
}

static uint32_t sum_of(size_t i)
{
    const uint8_t *bytes = pretended[i].block;
    uint32_t sum = 0;
    for (uint32_t at = 0; at < pretended[i].size; at++) {
        sum = sum * 31 + bytes[at];
    }
    return sum;
}

static void complete(void *context)
{
    (void)context;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (pretended[i].block != NULL) {
            pretended[i].sum = sum_of(i);
            pretended[i].complete = true;
        }
    }
}

bool memory_is_complete(void)
{
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (pretended[i].block != NULL
            && !(pretended[i].complete && pretended[i].sum == sum_of(i))) {
            return false;
        }
    }
    return true;
}

const hr_memory_t *memory_at(uint32_t text_address, uint32_t data_address)
{
    static const hr_memory_t memory = {
        .allocate = allocate,
        .release = release,
        .address = address,
        .complete = complete,
        .names = {[HR_SEGMENT_TEXT] = "text", [HR_SEGMENT_DATA] = "data"},
    };
    next_address[HR_SEGMENT_TEXT] = text_address;
    next_address[HR_SEGMENT_DATA] = data_address;
    return &memory;
}
