/* SPDX-License-Identifier: MIT */
/* the C library's allocation functions */
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <stdlib.h>

#include "esp_heap_caps.h"
#include "sdkconfig.h"

#define DEFAULT_CAPS (MALLOC_CAP_DEFAULT | MALLOC_CAP_8BIT)
#define INTERNAL_CAPS (DEFAULT_CAPS | MALLOC_CAP_INTERNAL)

/* what is large goes to PSRAM, and what finds no room */
static uint32_t caps_for(size_t size)
{
#if CONFIG_SPIRAM_USE_MALLOC
    if (size > CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL
        || size > heap_caps_get_largest_free_block(INTERNAL_CAPS)) {
        return DEFAULT_CAPS;
    }
#else
    (void)size;
#endif
    return INTERNAL_CAPS;
}

static void *or_errno(struct _reent *reent, void *ptr, size_t size)
{
    if (!ptr && size > 0) {
        reent->_errno = ENOMEM;
    }
    return ptr;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    return or_errno(reent, heap_caps_malloc(size, caps_for(size)), size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    return or_errno(reent, heap_caps_calloc(count, size, caps_for(count * size)), size && count);
}

void *_realloc_r(struct _reent *reent, void *ptr, size_t size)
{
    return or_errno(reent, heap_caps_realloc(ptr, size, caps_for(size)), size);
}

void *_memalign_r(struct _reent *reent, size_t alignment, size_t size)
{
    return or_errno(reent, heap_caps_aligned_alloc(alignment, size, caps_for(size)), size);
}

void _free_r(struct _reent *reent, void *ptr)
{
    (void)reent;
    heap_caps_free(ptr);
}

void *malloc(size_t size)
{
    return _malloc_r(__getreent(), size);
}

void *calloc(size_t count, size_t size)
{
    return _calloc_r(__getreent(), count, size);
}

void *realloc(void *ptr, size_t size)
{
    return _realloc_r(__getreent(), ptr, size);
}

void *memalign(size_t alignment, size_t size)
{
    return _memalign_r(__getreent(), alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return _memalign_r(__getreent(), alignment, size);
}

int posix_memalign(void **ptr, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) {
        return EINVAL;
    }
    *ptr = heap_caps_aligned_alloc(alignment, size, caps_for(size));
    return *ptr || size == 0 ? 0 : ENOMEM;
}

void free(void *ptr)
{
    heap_caps_free(ptr);
}

size_t malloc_usable_size(void *ptr)
{
    return heap_caps_get_allocated_size(ptr);
}
