/* SPDX-License-Identifier: MIT */
/* the menu's texts are what pytest-embedded's Unity tester looks for */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* weak setUp() and tearDown() */
#define UNITY_INCLUDE_SETUP_STUBS
#include "unity.h"

static test_desc_t *s_tests;

/* in the order of the source, whatever the order of the constructors */
static bool precedes(const test_desc_t *left, const test_desc_t *right)
{
    int files = strcmp(left->file, right->file);
    return files < 0 || (files == 0 && left->line < right->line);
}

void unity_testcase_register(test_desc_t *desc)
{
    test_desc_t **place = &s_tests;
    while (*place != NULL && precedes(*place, desc)) {
        place = &(*place)->next;
    }
    desc->next = *place;
    *place = desc;
}

int unity_get_test_count(void)
{
    int count = 0;
    for (const test_desc_t *test = s_tests; test != NULL; test = test->next) {
        count++;
    }
    return count;
}

static const test_desc_t *test_at(int index)
{
    const test_desc_t *test = index >= 0 ? s_tests : NULL;
    while (test != NULL && index-- > 0) {
        test = test->next;
    }
    return test;
}

bool unity_get_test_info(int test_index, test_desc_t *out_info)
{
    const test_desc_t *test = test_at(test_index);
    if (test != NULL) {
        *out_info = *test;
    }
    return test != NULL;
}

static void print_functions(const test_desc_t *test)
{
    for (int i = 0; i < test->test_fn_count; i++) {
        printf("\t(%d)\t\"%s\"\n", i + 1, test->test_fn_name[i]);
    }
}

static void print_menu(void)
{
    int number = 0;
    printf("\n\nHere's the test menu, pick your combo:\n");
    for (const test_desc_t *test = s_tests; test != NULL; test = test->next) {
        printf("(%d)\t\"%s\" %s\n", ++number, test->name, test->desc);
        if (test->test_fn_count > 1) {
            print_functions(test);
        }
    }
    printf("\nEnter test for running.\n");
    fflush(stdout);
}

/* asks which of its functions to run */
static int choose_function(const test_desc_t *test)
{
    char line[16] = "";
    while (line[0] == '\0') {
        printf("%s\n", test->name);
        print_functions(test);
        fflush(stdout);
        unity_gets(line, sizeof(line));
    }
    return atoi(line) - 1;
}

static void run_function(const test_desc_t *test, int index)
{
    Unity.TestFile = test->file;
    Unity.CurrentTestName = test->name;
    Unity.CurrentTestLineNumber = (UNITY_LINE_TYPE)test->line;
    Unity.NumberOfTests++;
    if (TEST_PROTECT()) {
        setUp();
        test->fn[index]();
    }
    if (TEST_PROTECT()) {
        tearDown();
    }
    UnityConcludeTest();
}

static void run_test(const test_desc_t *test)
{
    printf("Running %s...\n", test->name);
    fflush(stdout);
    int index = test->test_fn_count > 1 ? choose_function(test) : 0;
    if (index < 0 || index >= test->test_fn_count) {
        printf("Invalid selection, it has to be 1-%d\n", test->test_fn_count);
        return;
    }
    run_function(test, index);
}

void unity_run_test_by_index(int test_index)
{
    const test_desc_t *test = test_at(test_index);
    if (test != NULL) {
        run_test(test);
    }
}

void unity_run_test_by_name(const char *name)
{
    for (const test_desc_t *test = s_tests; test != NULL; test = test->next) {
        if (strcmp(test->name, name) == 0) {
            run_test(test);
        }
    }
}

void unity_run_tests_by_tag(const char *tag, bool invert)
{
    printf("Running tests %smatching '%s'...\n", invert ? "NOT " : "", tag);
    for (const test_desc_t *test = s_tests; test != NULL; test = test->next) {
        if ((strstr(test->desc, tag) != NULL) != invert) {
            run_test(test);
        }
    }
}

void unity_run_all_tests(void)
{
    for (const test_desc_t *test = s_tests; test != NULL; test = test->next) {
        run_test(test);
    }
}

static void run_timed(int number)
{
    if (test_at(number - 1) == NULL) {
        return;
    }
    UNITY_EXEC_TIME_START();
    unity_run_test_by_index(number - 1);
    UNITY_EXEC_TIME_STOP();
    printf("Test ran in %lums\n", (unsigned long)UNITY_EXEC_TIME_MS());
}

/* a number, "name", [tag], ![tag] or * */
static void run_command(char *command)
{
    bool invert = command[0] == '!';
    if (invert) {
        command++;
    }
    switch (command[0]) {
    case '*':
        unity_run_all_tests();
        break;
    case '[':
        unity_run_tests_by_tag(command, invert);
        break;
    case '"': {
        char *end = strrchr(command, '"');
        if (end > command) {
            *end = '\0';
            unity_run_test_by_name(command + 1);
        }
        break;
    }
    default:
        run_timed(atoi(command));
    }
}

static void trim_end(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
}

void unity_run_menu(void)
{
    printf("\n\nPress ENTER to see the list of tests.\n");
    fflush(stdout);
    for (;;) {
        char line[256];
        unity_gets(line, sizeof(line));
        trim_end(line);
        if (line[0] == '\0') {
            print_menu();
            continue;
        }
        UNITY_BEGIN();
        run_command(line);
        UNITY_END();
        printf("Enter next test, or 'enter' to see menu\n");
        fflush(stdout);
    }
}
