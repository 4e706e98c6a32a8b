/* SPDX-License-Identifier: MIT */
/* the C library's allocation functions */
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <stdlib.h>

#include "esp_heap_caps.h"

#define CAPS (MALLOC_CAP_DEFAULT | MALLOC_CAP_8BIT)

static void *or_errno(struct _reent *reent, void *ptr, size_t size)
{
    if (!ptr && size > 0) {
        reent->_errno = ENOMEM;
    }
    return ptr;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    return or_errno(reent, heap_caps_malloc(size, CAPS), size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    return or_errno(reent, heap_caps_calloc(count, size, CAPS), size && count);
}

void *_realloc_r(struct _reent *reent, void *ptr, size_t size)
{
    return or_errno(reent, heap_caps_realloc(ptr, size, CAPS), size);
}

void *_memalign_r(struct _reent *reent, size_t alignment, size_t size)
{
    return or_errno(reent, heap_caps_aligned_alloc(alignment, size, CAPS), size);
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
    *ptr = heap_caps_aligned_alloc(alignment, size, CAPS);
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
