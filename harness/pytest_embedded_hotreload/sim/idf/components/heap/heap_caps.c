/* SPDX-License-Identifier: MIT */
#include "esp_heap_caps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "esp_private/panic_internal.h"
#include "esp_rom_sys.h"
#include "freertos/FreeRTOS.h"
#include "heap_regions.h"
#include "sdkconfig.h"

#define FILL_ALLOCATED 0xce
#define FILL_FREED 0xfe

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static esp_alloc_failed_hook_t s_failed_hook;

static bool has_caps(const heap_region_t *region, uint32_t caps)
{
    return (region->caps & caps) == caps;
}

static heap_region_t *region_of(const void *ptr)
{
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (block_heap_contains(&heap_regions[i].heap, ptr)) {
            return &heap_regions[i];
        }
    }
    return NULL;
}

static void fail(const char *what, const void *ptr)
{
    char text[160];
    snprintf(text, sizeof(text), "CORRUPT HEAP: %s at %p", what, ptr);
    panic_abort(text);
}

/* by words: instruction RAM takes nothing less */
static void fill_words(void *ptr, size_t size, uint8_t byte)
{
    uint32_t *word = ptr;
    for (size_t i = 0; i < size / 4; i++) {
        word[i] = byte * 0x01010101u;
    }
}

static void fill_if_poisoning(void *ptr, uint8_t byte)
{
#if CONFIG_HEAP_POISONING_COMPREHENSIVE
    fill_words(ptr, block_heap_block_size(ptr), byte);
#else
    (void)ptr;
    (void)byte;
#endif
}

static void *alloc_from_any(size_t size, size_t alignment, uint32_t caps)
{
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        heap_region_t *region = &heap_regions[i];
        if (!has_caps(region, caps)) {
            continue;
        }
        portENTER_CRITICAL(&s_lock);
        void *ptr = block_heap_alloc(&region->heap, size, alignment);
        portEXIT_CRITICAL(&s_lock);
        if (ptr) {
            fill_if_poisoning(ptr, FILL_ALLOCATED);
            return ptr;
        }
    }
    return NULL;
}

static void report_failure(size_t size, uint32_t caps, const char *function)
{
    if (s_failed_hook) {
        s_failed_hook(size, caps, function);
    }
#if CONFIG_HEAP_ABORT_WHEN_ALLOCATION_FAILS
    panic_abort("Memory allocation failed");
#endif
}

esp_err_t heap_caps_register_failed_alloc_callback(esp_alloc_failed_hook_t callback)
{
    if (!callback) {
        return ESP_ERR_INVALID_ARG;
    }
    s_failed_hook = callback;
    return ESP_OK;
}

void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps)
{
    if (size == 0 || alignment == 0 || (alignment & (alignment - 1))) {
        return NULL;
    }
    void *ptr = alloc_from_any(size, alignment, caps);
    if (!ptr) {
        report_failure(size, caps, __func__);
    }
    return ptr;
}

void *heap_caps_malloc(size_t size, uint32_t caps)
{
    if (size == 0) {
        return NULL;
    }
    void *ptr = alloc_from_any(size, 1, caps);
    if (!ptr) {
        report_failure(size, caps, __func__);
    }
    return ptr;
}

static void *zeroed(void *ptr)
{
    if (ptr) {
        fill_words(ptr, block_heap_block_size(ptr), 0);
    }
    return ptr;
}

void *heap_caps_aligned_calloc(size_t alignment, size_t count, size_t size, uint32_t caps)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return zeroed(heap_caps_aligned_alloc(alignment, bytes, caps));
}

void *heap_caps_calloc(size_t count, size_t size, uint32_t caps)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return zeroed(heap_caps_malloc(bytes, caps));
}

void heap_caps_free(void *ptr)
{
    if (!ptr) {
        return;
    }
    heap_region_t *region = region_of(ptr);
    if (!region) {
        fail("free() of an address outside all heaps", ptr);
    }
    portENTER_CRITICAL(&s_lock);
#if CONFIG_HEAP_POISONING_COMPREHENSIVE
    if (!block_heap_check_block(&region->heap, ptr)) {
        fill_words((uint32_t *)ptr + 2, block_heap_block_size(ptr) - 8, FILL_FREED);
    }
#endif
    const char *fault = block_heap_free(&region->heap, ptr);
    portEXIT_CRITICAL(&s_lock);
    if (fault) {
        fail(fault, ptr);
    }
}

void heap_caps_aligned_free(void *ptr)
{
    heap_caps_free(ptr);
}

static void copy_words(void *to, const void *from, size_t size)
{
    uint32_t *target = to;
    const uint32_t *source = from;
    for (size_t i = 0; i < (size + 3) / 4; i++) {
        target[i] = source[i];
    }
}

void *heap_caps_realloc(void *ptr, size_t size, uint32_t caps)
{
    if (!ptr) {
        return heap_caps_malloc(size, caps);
    }
    if (size == 0) {
        heap_caps_free(ptr);
        return NULL;
    }
    heap_region_t *region = region_of(ptr);
    if (!region) {
        fail("realloc() of an address outside all heaps", ptr);
    }
    portENTER_CRITICAL(&s_lock);
    const char *fault = block_heap_check_block(&region->heap, ptr);
    bool resized = !fault && has_caps(region, caps) && block_heap_resize(&region->heap, ptr, size);
    size_t old_size = fault ? 0 : block_heap_block_size(ptr);
    portEXIT_CRITICAL(&s_lock);
    if (fault) {
        fail(fault, ptr);
    }
    if (resized) {
        return ptr;
    }
    void *moved = heap_caps_malloc(size, caps);
    if (moved) {
        copy_words(moved, ptr, old_size < size ? old_size : size);
        heap_caps_free(ptr);
    }
    return moved;
}

void *heap_caps_malloc_prefer(size_t size, size_t num, ...)
{
    va_list args;
    void *ptr = NULL;
    va_start(args, num);
    while (num-- > 0 && !ptr) {
        ptr = alloc_from_any(size, 1, va_arg(args, uint32_t));
    }
    va_end(args);
    return ptr;
}

void *heap_caps_calloc_prefer(size_t count, size_t size, size_t num, ...)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    va_list args;
    void *ptr = NULL;
    va_start(args, num);
    while (num-- > 0 && !ptr) {
        ptr = zeroed(alloc_from_any(bytes, 1, va_arg(args, uint32_t)));
    }
    va_end(args);
    return ptr;
}

/* information */

void heap_caps_get_info(multi_heap_info_t *info, uint32_t caps)
{
    *info = (multi_heap_info_t){0};
    portENTER_CRITICAL(&s_lock);
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (has_caps(&heap_regions[i], caps)) {
            block_heap_add_info(&heap_regions[i].heap, info);
        }
    }
    portEXIT_CRITICAL(&s_lock);
}

size_t heap_caps_get_total_size(uint32_t caps)
{
    size_t total = 0;
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (has_caps(&heap_regions[i], caps)) {
            total += block_heap_total(&heap_regions[i].heap);
        }
    }
    return total;
}

size_t heap_caps_get_free_size(uint32_t caps)
{
    size_t bytes = 0;
    portENTER_CRITICAL(&s_lock);
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (has_caps(&heap_regions[i], caps)) {
            bytes += heap_regions[i].heap.free_bytes;
        }
    }
    portEXIT_CRITICAL(&s_lock);
    return bytes;
}

size_t heap_caps_get_minimum_free_size(uint32_t caps)
{
    multi_heap_info_t info;
    heap_caps_get_info(&info, caps);
    return info.minimum_free_bytes;
}

size_t heap_caps_get_largest_free_block(uint32_t caps)
{
    multi_heap_info_t info;
    heap_caps_get_info(&info, caps);
    return info.largest_free_block;
}

size_t heap_caps_get_allocated_size(void *ptr)
{
    return region_of(ptr) ? block_heap_block_size(ptr) : 0;
}

void heap_caps_print_heap_info(uint32_t caps)
{
    printf("Heap summary for capabilities 0x%08X:\n", (unsigned)caps);
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        const heap_region_t *region = &heap_regions[i];
        if (!has_caps(region, caps)) {
            continue;
        }
        multi_heap_info_t info = {0};
        portENTER_CRITICAL(&s_lock);
        block_heap_add_info(&region->heap, &info);
        portEXIT_CRITICAL(&s_lock);
        printf("  At 0x%08x len %u free %u allocated %u min_free %u (%s)\n",
               (unsigned)region->start, (unsigned)(region->end - region->start),
               (unsigned)info.total_free_bytes, (unsigned)info.total_allocated_bytes,
               (unsigned)info.minimum_free_bytes, region->name);
        printf("    largest_free_block %u alloc_blocks %u free_blocks %u total_blocks %u\n",
               (unsigned)info.largest_free_block, (unsigned)info.allocated_blocks,
               (unsigned)info.free_blocks, (unsigned)info.total_blocks);
    }
    multi_heap_info_t sum;
    heap_caps_get_info(&sum, caps);
    printf("  Totals:\n    free %u allocated %u min_free %u largest_free_block %u\n",
           (unsigned)sum.total_free_bytes, (unsigned)sum.total_allocated_bytes,
           (unsigned)sum.minimum_free_bytes, (unsigned)sum.largest_free_block);
}

static bool check_region(const heap_region_t *region, bool print_errors)
{
    uintptr_t where = 0;
    portENTER_CRITICAL(&s_lock);
    const char *fault = block_heap_check(&region->heap, &where);
    portEXIT_CRITICAL(&s_lock);
    if (fault && print_errors) {
        esp_rom_printf("CORRUPT HEAP: %s: %s at 0x%08x\n", region->name, fault, (unsigned)where);
    }
    return !fault;
}

bool heap_caps_check_integrity(uint32_t caps, bool print_errors)
{
    bool valid = true;
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (has_caps(&heap_regions[i], caps)) {
            valid &= check_region(&heap_regions[i], print_errors);
        }
    }
    return valid;
}

bool heap_caps_check_integrity_all(bool print_errors)
{
    return heap_caps_check_integrity(0, print_errors);
}

bool heap_caps_check_integrity_addr(intptr_t addr, bool print_errors)
{
    const heap_region_t *region = region_of((void *)addr);
    return region && check_region(region, print_errors);
}

static void print_block(void *ptr, size_t size, bool used)
{
    esp_rom_printf("Block %p data, size: %u bytes, Free: %s\n", ptr, (unsigned)size,
                   used ? "No" : "Yes");
}

void heap_caps_dump(uint32_t caps)
{
    for (int i = 0; i < HEAP_REGION_COUNT; i++) {
        if (has_caps(&heap_regions[i], caps)) {
            portENTER_CRITICAL(&s_lock);
            block_heap_walk(&heap_regions[i].heap, print_block);
            portEXIT_CRITICAL(&s_lock);
        }
    }
}

void heap_caps_dump_all(void)
{
    heap_caps_dump(0);
}
