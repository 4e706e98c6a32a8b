/* SPDX-License-Identifier: MIT */
/* ESP-IDF's names for locks that need no initialization, over newlib's retargetable ones */
#pragma once

#include_next <sys/lock.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef _LOCK_T _lock_t;

void _lock_init(_lock_t *lock);
void _lock_init_recursive(_lock_t *lock);
void _lock_close(_lock_t *lock);
void _lock_close_recursive(_lock_t *lock);
void _lock_acquire(_lock_t *lock);
void _lock_acquire_recursive(_lock_t *lock);
int _lock_try_acquire(_lock_t *lock);
int _lock_try_acquire_recursive(_lock_t *lock);
void _lock_release(_lock_t *lock);
void _lock_release_recursive(_lock_t *lock);

#ifdef __cplusplus
}
#endif
