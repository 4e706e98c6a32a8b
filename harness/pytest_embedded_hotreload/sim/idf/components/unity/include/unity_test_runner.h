/* SPDX-License-Identifier: MIT */
/* test cases that register themselves, and the menu that runs them: ESP-IDF's extensions of Unity */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*test_func)(void);

typedef struct test_desc_t {
    const char *name;
    const char *desc; /* tags, each in brackets */
    const test_func *fn;
    const char *file;
    int line;
    uint8_t test_fn_count;
    const char *const *test_fn_name; /* NULL when there is one function */
    struct test_desc_t *next;
} test_desc_t;

/* called by constructors */
void unity_testcase_register(test_desc_t *desc);

void unity_run_test_by_name(const char *name);
void unity_run_test_by_index(int test_index);
void unity_run_tests_by_tag(const char *tag, bool invert);
void unity_run_all_tests(void);
/* prints the menu on request and runs what is chosen, for ever */
void unity_run_menu(void);
int unity_get_test_count(void);
bool unity_get_test_info(int test_index, test_desc_t *out_info);

#define UNITY_EXPAND2(a, b) a##b
#define UNITY_EXPAND(a, b) UNITY_EXPAND2(a, b)
#define UNITY_TEST_UID(what) UNITY_EXPAND(what, __LINE__)

#define UNITY_TEST_REGISTER(name_, desc_, functions_, names_, count_)                              \
    static void __attribute__((constructor)) UNITY_TEST_UID(test_register_)(void)                  \
    {                                                                                              \
        static test_desc_t test_desc = {                                                           \
            .name = name_,                                                                         \
            .desc = desc_,                                                                         \
            .fn = functions_,                                                                      \
            .file = __FILE__,                                                                      \
            .line = __LINE__,                                                                      \
            .test_fn_count = count_,                                                               \
            .test_fn_name = names_,                                                                \
            .next = NULL,                                                                          \
        };                                                                                         \
        unity_testcase_register(&test_desc);                                                       \
    }

/* TEST_CASE("what holds", "[tag][tag]") { ... } */
#define TEST_CASE(name_, desc_)                                                                    \
    static void UNITY_TEST_UID(test_func_)(void);                                                  \
    static const test_func UNITY_TEST_UID(test_functions_)[] = {UNITY_TEST_UID(test_func_)};       \
    UNITY_TEST_REGISTER(name_, desc_, UNITY_TEST_UID(test_functions_), NULL, 1)                    \
    static void UNITY_TEST_UID(test_func_)(void)

/* names of up to five functions */
#define UNITY_NAMES_1(a) #a
#define UNITY_NAMES_2(a, b) #a, #b
#define UNITY_NAMES_3(a, b, c) #a, #b, #c
#define UNITY_NAMES_4(a, b, c, d) #a, #b, #c, #d
#define UNITY_NAMES_5(a, b, c, d, e) #a, #b, #c, #d, #e
#define UNITY_COUNT_(a, b, c, d, e, n, ...) n
#define UNITY_COUNT(...) UNITY_COUNT_(__VA_ARGS__, 5, 4, 3, 2, 1, 0)
#define UNITY_NAMES(...) UNITY_EXPAND(UNITY_NAMES_, UNITY_COUNT(__VA_ARGS__))(__VA_ARGS__)

#define UNITY_TEST_CASE_OF_SEVERAL(name_, desc_, ...)                                              \
    static const test_func UNITY_TEST_UID(test_functions_)[] = {__VA_ARGS__};                      \
    static const char *const UNITY_TEST_UID(test_names_)[] = {UNITY_NAMES(__VA_ARGS__)};           \
    UNITY_TEST_REGISTER(name_, desc_, UNITY_TEST_UID(test_functions_), UNITY_TEST_UID(test_names_), \
                        UNITY_COUNT(__VA_ARGS__))

/* functions with a reset of the device between each and the next */
#define TEST_CASE_MULTIPLE_STAGES(name_, desc_, ...) \
    UNITY_TEST_CASE_OF_SEVERAL(name_, desc_ "[multi_stage]", __VA_ARGS__)

/* functions for different devices */
#define TEST_CASE_MULTIPLE_DEVICES(name_, desc_, ...) \
    UNITY_TEST_CASE_OF_SEVERAL(name_, desc_ "[multi_device]", __VA_ARGS__)

#ifdef __cplusplus
}
#endif
