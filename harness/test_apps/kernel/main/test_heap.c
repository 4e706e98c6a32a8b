/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "esp_random.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

#define EXEC_CAPS (MALLOC_CAP_EXEC | MALLOC_CAP_32BIT)

TEST_CASE("memory is of the kind that is asked for", "[heap]")
{
    void *data = heap_caps_malloc(100, MALLOC_CAP_8BIT);
    void *text = heap_caps_malloc(100, EXEC_CAPS);
    TEST_ASSERT_TRUE(esp_ptr_byte_accessible(data));
    TEST_ASSERT_FALSE(esp_ptr_in_iram(data));
    TEST_ASSERT_TRUE(esp_ptr_in_iram(text));
    TEST_ASSERT_TRUE(esp_ptr_executable(text));
    TEST_ASSERT_NULL(heap_caps_malloc(100, MALLOC_CAP_EXEC | MALLOC_CAP_8BIT));
#if !CONFIG_SPIRAM
    TEST_ASSERT_NULL(heap_caps_malloc(100, MALLOC_CAP_SPIRAM));
#endif
    TEST_ASSERT_NULL(heap_caps_malloc(0, MALLOC_CAP_8BIT));
    heap_caps_free(data);
    heap_caps_free(text);
    heap_caps_free(NULL);
}

TEST_CASE("heaps have the sizes of an ESP32's", "[heap]")
{
    TEST_ASSERT_INT_WITHIN(1024, 128 << 10, (int)heap_caps_get_total_size(EXEC_CAPS));
    TEST_ASSERT_INT_WITHIN(1024, 320 << 10, (int)heap_caps_get_total_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL));
    TEST_ASSERT_GREATER_THAN(280 << 10, (int)esp_get_free_heap_size());
}

#if CONFIG_SPIRAM
TEST_CASE("external memory is for who asks for it, and for what is large", "[heap]")
{
    void *external = heap_caps_malloc(100, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    void *internal = heap_caps_malloc(100, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    void *either = heap_caps_malloc(100, MALLOC_CAP_DEFAULT | MALLOC_CAP_8BIT);
    void *small = malloc(16384);
    void *large = malloc(16385);
    TEST_ASSERT_TRUE(esp_ptr_external_ram(external));
    TEST_ASSERT_TRUE(esp_ptr_byte_accessible(external));
    TEST_ASSERT_FALSE(esp_ptr_internal(external));
    TEST_ASSERT_FALSE(esp_ptr_dma_capable(external));
    TEST_ASSERT_FALSE(esp_ptr_executable(external));
    TEST_ASSERT_TRUE(esp_ptr_internal(internal));
    TEST_ASSERT_TRUE(esp_ptr_external_ram(either)); /* as ESP-IDF's: its heap is the first */
    TEST_ASSERT_TRUE(esp_ptr_internal(small));
    TEST_ASSERT_TRUE(esp_ptr_external_ram(large));
    TEST_ASSERT_NULL(heap_caps_malloc(100, MALLOC_CAP_SPIRAM | MALLOC_CAP_EXEC));
    TEST_ASSERT_NULL(heap_caps_malloc(100, MALLOC_CAP_SPIRAM | MALLOC_CAP_DMA));
    void *const all[] = {external, internal, either, small, large};
    for (int i = 0; i < 5; i++) {
        free(all[i]);
    }
}
#endif

TEST_CASE("the counters of a heap follow what is allocated", "[heap]")
{
    multi_heap_info_t before, during, after;
    heap_caps_get_info(&before, EXEC_CAPS);
    void *ptr = heap_caps_malloc(1000, EXEC_CAPS);
    heap_caps_get_info(&during, EXEC_CAPS);
    TEST_ASSERT_EQUAL(1000, heap_caps_get_allocated_size(ptr));
    TEST_ASSERT_EQUAL(before.allocated_blocks + 1, during.allocated_blocks);
    TEST_ASSERT_EQUAL(before.total_allocated_bytes + 1000, during.total_allocated_bytes);
    TEST_ASSERT_INT_WITHIN(8, before.total_free_bytes - 1000, during.total_free_bytes);
    TEST_ASSERT_LESS_OR_EQUAL(during.total_free_bytes, during.minimum_free_bytes);
    heap_caps_free(ptr);
    heap_caps_get_info(&after, EXEC_CAPS);
    TEST_ASSERT_EQUAL(before.total_free_bytes, after.total_free_bytes);
    TEST_ASSERT_EQUAL(before.total_blocks, after.total_blocks);
    TEST_ASSERT_LESS_OR_EQUAL(during.total_free_bytes, heap_caps_get_minimum_free_size(EXEC_CAPS));
}

TEST_CASE("blocks freed in any order become one again", "[heap]")
{
    static const int orders[6][3] = {
        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0},
    };
    multi_heap_info_t before, after;
    heap_caps_get_info(&before, EXEC_CAPS);
    for (int i = 0; i < 6; i++) {
        void *blocks[3];
        for (int j = 0; j < 3; j++) {
            blocks[j] = heap_caps_malloc(200, EXEC_CAPS);
        }
        for (int j = 0; j < 3; j++) {
            heap_caps_free(blocks[orders[i][j]]);
        }
        heap_caps_get_info(&after, EXEC_CAPS);
        TEST_ASSERT_EQUAL(before.free_blocks, after.free_blocks);
        TEST_ASSERT_EQUAL(before.largest_free_block, after.largest_free_block);
    }
}

TEST_CASE("the largest free block can be had, and no more", "[heap]")
{
    for (int i = 0; i < 2; i++) {
        uint32_t caps = i == 0 ? EXEC_CAPS : MALLOC_CAP_DEFAULT;
        size_t largest = heap_caps_get_largest_free_block(caps);
        TEST_ASSERT_NULL(heap_caps_malloc(largest + 8, caps));
        void *all = heap_caps_malloc(largest, caps);
        TEST_ASSERT_NOT_NULL(all);
        TEST_ASSERT_LESS_THAN(largest, heap_caps_get_largest_free_block(caps));
        heap_caps_free(all);
        TEST_ASSERT_EQUAL(largest, heap_caps_get_largest_free_block(caps));
    }
}

TEST_CASE("sizes that overflow are refused", "[heap]")
{
    volatile size_t huge = SIZE_MAX;
    TEST_ASSERT_NULL(malloc(huge));
    TEST_ASSERT_NULL(malloc(huge - 7));
    TEST_ASSERT_NULL(calloc(huge / 2, 4));
    TEST_ASSERT_NULL(heap_caps_calloc(0x10001, 0x10001, MALLOC_CAP_8BIT));
    TEST_ASSERT_NULL(heap_caps_aligned_alloc(1u << 31, 16, MALLOC_CAP_8BIT));
    TEST_ASSERT_NULL(heap_caps_aligned_alloc(24, 16, MALLOC_CAP_8BIT));
    void *ptr = malloc(100);
    void *volatile kept = ptr;
    TEST_ASSERT_NULL(realloc(ptr, huge - 100));
    free(kept);
}

TEST_CASE("alignment is kept", "[heap]")
{
    size_t before = heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
    void *ptrs[12];
    for (int i = 0; i < 12; i++) {
        size_t alignment = 1u << i;
        ptrs[i] = heap_caps_aligned_alloc(alignment, 40 + i, MALLOC_CAP_8BIT);
        TEST_ASSERT_NOT_NULL(ptrs[i]);
        TEST_ASSERT_EQUAL(0, (uintptr_t)ptrs[i] & (alignment - 1));
        memset(ptrs[i], i, 40 + i);
    }
    TEST_ASSERT_TRUE(heap_caps_check_integrity_all(true));
    for (int i = 0; i < 12; i++) {
        TEST_ASSERT_EACH_EQUAL_UINT8(i, ptrs[i], 40 + i);
        heap_caps_aligned_free(ptrs[i]);
    }
    void *ptr = memalign(256, 10);
    TEST_ASSERT_EQUAL(0, (uintptr_t)ptr & 255);
    free(ptr);
    TEST_ASSERT_EQUAL(before, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
}

TEST_CASE("reallocation keeps the content, in place or moved", "[heap]")
{
    uint8_t *ptr = malloc(16);
    for (int i = 0; i < 16; i++) {
        ptr[i] = (uint8_t)i;
    }
    uint8_t *grown = realloc(ptr, 5000);
    void *barrier = malloc(16);
    uint8_t *moved = realloc(grown, 20000);
    for (int i = 0; i < 16; i++) {
        TEST_ASSERT_EQUAL(i, moved[i]);
    }
    volatile uintptr_t place = (uintptr_t)moved;
    uint8_t *shrunk = realloc(moved, 8);
    TEST_ASSERT_TRUE(place == (uintptr_t)shrunk);
    TEST_ASSERT_EQUAL(7, shrunk[7]);
    free(barrier);
    free(shrunk);

    /* from instruction RAM, where only words can be read, to data RAM */
    uint32_t *words = heap_caps_malloc(64, EXEC_CAPS);
    for (uint32_t i = 0; i < 16; i++) {
        words[i] = i * 0x01010101;
    }
    uint32_t *there = heap_caps_realloc(words, 64, MALLOC_CAP_8BIT);
    TEST_ASSERT_TRUE(esp_ptr_byte_accessible(there));
    for (uint32_t i = 0; i < 16; i++) {
        TEST_ASSERT_EQUAL_HEX32(i * 0x01010101, there[i]);
    }
    heap_caps_free(there);
    TEST_ASSERT_NULL(realloc(malloc(10), 0));
    uint32_t *zeros = heap_caps_calloc(7, 12, EXEC_CAPS);
    for (int i = 0; i < 21; i++) {
        TEST_ASSERT_EQUAL(0, zeros[i]);
    }
    heap_caps_free(zeros);
}

TEST_CASE("the first capability that has room is taken", "[heap]")
{
    void *ptr = heap_caps_malloc_prefer(100, 2, MALLOC_CAP_SPIRAM, MALLOC_CAP_8BIT);
    TEST_ASSERT_TRUE(esp_ptr_byte_accessible(ptr));
    heap_caps_free(ptr);
    ptr = heap_caps_calloc_prefer(10, 10, 2, EXEC_CAPS, MALLOC_CAP_8BIT);
    TEST_ASSERT_TRUE(esp_ptr_in_iram(ptr));
    heap_caps_free(ptr);
}

static size_t s_failed_size;

static void on_failure(size_t size, uint32_t caps, const char *function)
{
    s_failed_size = size;
}

TEST_CASE("a failed allocation is reported to who asked", "[heap]")
{
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG, heap_caps_register_failed_alloc_callback(NULL));
    TEST_ASSERT_EQUAL(ESP_OK, heap_caps_register_failed_alloc_callback(on_failure));
    void *none = heap_caps_malloc(12345678, MALLOC_CAP_8BIT);
    TEST_ASSERT_NULL(none);
    TEST_ASSERT_EQUAL(12345678, s_failed_size);
}

TEST_CASE("memory is filled when it is allocated and freed, if configured", "[heap]")
{
    uint32_t *ptr = heap_caps_malloc(400, EXEC_CAPS);
    volatile uint32_t *volatile kept = ptr;
    bool filled = ptr[0] == 0xcececece && ptr[99] == 0xcececece;
    for (int i = 0; i < 100; i++) {
        ptr[i] = 0x12345678;
    }
    heap_caps_free(ptr);
    bool overwritten = kept[50] == 0xfefefefe && kept[99] == 0xfefefefe;
#if CONFIG_HEAP_POISONING_COMPREHENSIVE
    TEST_ASSERT_TRUE(filled);
    TEST_ASSERT_TRUE(overwritten);
#else
    TEST_ASSERT_FALSE(filled);
    TEST_ASSERT_FALSE(overwritten);
#endif
}

/* stress: several tasks allocate, check what they wrote, and free, in both heaps */

#define SLOTS 24
#define STEPS 4000

typedef struct {
    uint32_t caps;
    uint32_t seed;
    SemaphoreHandle_t done;
    volatile unsigned wrong;
} stress_t;

typedef struct {
    uint32_t *words;
    size_t count;
    uint32_t mark;
} slot_t;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void fill(slot_t *slot)
{
    for (size_t i = 0; i < slot->count; i++) {
        slot->words[i] = slot->mark + i;
    }
}

static unsigned count_wrong(const slot_t *slot)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < slot->count; i++) {
        wrong += slot->words[i] != slot->mark + i;
    }
    return wrong;
}

static void stress(void *arg)
{
    stress_t *self = arg;
    slot_t slots[SLOTS] = {0};
    for (int step = 0; step < STEPS; step++) {
        slot_t *slot = &slots[next_random(&self->seed) % SLOTS];
        self->wrong += count_wrong(slot);
        heap_caps_free(slot->words);
        slot->count = 1 + next_random(&self->seed) % (step % 50 == 0 ? 2000 : 100);
        slot->mark = next_random(&self->seed);
        slot->words = heap_caps_malloc(slot->count * 4, self->caps);
        if (!slot->words) {
            slot->count = 0;
        }
        fill(slot);
        if (step % 200 == 0) {
            self->wrong += !heap_caps_check_integrity_all(true);
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        self->wrong += count_wrong(&slots[i]);
        heap_caps_free(slots[i].words);
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("heaps stand several tasks at once", "[heap]")
{
    SemaphoreHandle_t done = xSemaphoreCreateCounting(4, 0);
    stress_t all[4];
    size_t data = heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
    size_t text = heap_caps_get_free_size(EXEC_CAPS);
    for (uint32_t i = 0; i < 4; i++) {
        all[i] = (stress_t){i % 2 ? EXEC_CAPS : MALLOC_CAP_8BIT, i + 1, done, 0};
        xTaskCreate(stress, "stress", 4096, &all[i], 3 + i / 2, NULL);
    }
    for (int i = 0; i < 4; i++) {
        xSemaphoreTake(done, portMAX_DELAY);
    }
    settle();
    for (int i = 0; i < 4; i++) {
        TEST_ASSERT_EQUAL(0, all[i].wrong);
    }
    TEST_ASSERT_EQUAL(data, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
    TEST_ASSERT_EQUAL(text, heap_caps_get_free_size(EXEC_CAPS));
    TEST_ASSERT_TRUE(heap_caps_check_integrity_all(true));
    vSemaphoreDelete(done);
}

TEST_CASE("the integrity check sees a header that was written over", "[heap]")
{
    uint32_t *ptr = heap_caps_malloc(32, EXEC_CAPS);
    uint32_t *behind = &ptr[8]; /* the next block's header */
    uint32_t kept = behind[0];
    TEST_ASSERT_TRUE(heap_caps_check_integrity(EXEC_CAPS, false));
    behind[0] = kept ^ 0x00ff0000;
    TEST_ASSERT_FALSE(heap_caps_check_integrity(EXEC_CAPS, false));
    TEST_ASSERT_TRUE(heap_caps_check_integrity(MALLOC_CAP_8BIT, true));
    behind[0] = kept;
    kept = behind[1];
    behind[1] = 0;
    TEST_ASSERT_FALSE(heap_caps_check_integrity_addr((intptr_t)ptr, false));
    behind[1] = kept;
    heap_caps_free(ptr);
}
