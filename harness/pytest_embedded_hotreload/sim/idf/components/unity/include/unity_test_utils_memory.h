/* SPDX-License-Identifier: MIT */
/* memory that a test does not give back */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* bytes of each kind of memory that a test may keep; 0 at first */
void unity_utils_set_leak_level(size_t leak_level);
/* in setUp() */
void unity_utils_record_free_mem(void);
/* in tearDown(): fails the test when it kept more than the leak level */
void unity_utils_evaluate_leaks(void);
void unity_utils_evaluate_leaks_direct(size_t threshold);
void unity_utils_check_leak(unsigned int before_free, unsigned int after_free, const char *type,
                            unsigned int threshold);

#ifdef __cplusplus
}
#endif
