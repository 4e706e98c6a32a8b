/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/lock.h>
#include <time.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "unity.h"
#include "waiting.h"

TEST_CASE("printf knows 64 bits and floating point", "[libc]")
{
    char text[120];
    snprintf(text, sizeof(text), "%lld %llx %.3f %g %5d|%-5s|%c %%", -1234567890123LL,
             0xfedcba9876543210ULL, 3.14159, 1e-9, 42, "ab", 'x');
    TEST_ASSERT_EQUAL_STRING("-1234567890123 fedcba9876543210 3.142 1e-09    42|ab   |x %", text);
    const char *volatile long_text = "cut off here";
    TEST_ASSERT_EQUAL(12, snprintf(text, 5, "%s", long_text));
    TEST_ASSERT_EQUAL_STRING("cut ", text);
    int number;
    double real;
    TEST_ASSERT_EQUAL(2, sscanf("17 2.5", "%d %lf", &number, &real));
    TEST_ASSERT_EQUAL(17, number);
    TEST_ASSERT_TRUE(real == 2.5);
    TEST_ASSERT_TRUE(strtod("1e3", NULL) == 1000.0);
}

typedef struct {
    int id;
    SemaphoreHandle_t done;
    volatile unsigned wrong;
} checker_t;

static void check_errno(void *arg)
{
    checker_t *self = arg;
    for (int i = 0; i < 200; i++) {
        errno = self->id * 1000 + i;
        char *end;
        strtok(NULL, "");
        taskYIELD();
        self->wrong += errno != self->id * 1000 + i;
        strtol("99999999999999999", &end, 10);
        self->wrong += errno != ERANGE;
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("each task has its own errno", "[libc]")
{
    checker_t checkers[3] = {0};
    SemaphoreHandle_t done = xSemaphoreCreateCounting(3, 0);
    for (int i = 0; i < 3; i++) {
        checkers[i] = (checker_t){.id = i + 1, .done = done};
        xTaskCreate(check_errno, "errno", 4096, &checkers[i], 1, NULL);
    }
    for (int i = 0; i < 3; i++) {
        xSemaphoreTake(done, portMAX_DELAY);
    }
    vTaskDelay(2);
    vSemaphoreDelete(done);
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_EQUAL(0, checkers[i].wrong);
    }
}

static void use_library(void *arg)
{
    char text[] = "a b c";
    char number[40];
    strtok(text, " ");
    snprintf(number, sizeof(number), "%.9f %e", strtod("1234.5678", NULL), 1e-30);
    time_t now = rand();
    asctime(localtime(&now));
    printf("%s %s\n", text, number);
    vTaskDelete(NULL);
}

TEST_CASE("what the library allocates for a task goes with the task", "[libc]")
{
    size_t before = 0;
    for (int i = 0; i < 10; i++) {
        xTaskCreate(use_library, "library", 6144, NULL, 5, NULL);
        settle();
        if (i == 2) { /* by then what is shared has been allocated */
            before = heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
        }
    }
    TEST_ASSERT_EQUAL(before, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
}

static _lock_t s_lock;
static _Atomic uint32_t s_atomic;
static _Atomic uint64_t s_atomic64;
static volatile uint32_t s_locked;

static void count_with_locks(void *arg)
{
    checker_t *self = arg;
    for (int i = 0; i < 2000; i++) {
        atomic_fetch_add(&s_atomic, 1);
        atomic_fetch_add(&s_atomic64, 0x100000001);
        _lock_acquire_recursive(&s_lock);
        _lock_acquire_recursive(&s_lock);
        uint32_t value = s_locked;
        if (i % 64 == 0) {
            taskYIELD();
        }
        s_locked = value + 1;
        _lock_release_recursive(&s_lock);
        _lock_release_recursive(&s_lock);
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("locks and atomics hold between tasks", "[libc]")
{
    checker_t checker = {.done = xSemaphoreCreateCounting(3, 0)};
    s_atomic = 0;
    s_atomic64 = 0;
    s_locked = 0;
    for (int i = 0; i < 3; i++) {
        xTaskCreate(count_with_locks, "locks", 3072, &checker, 1, NULL);
    }
    for (int i = 0; i < 3; i++) {
        xSemaphoreTake(checker.done, portMAX_DELAY);
    }
    vTaskDelay(2);
    vSemaphoreDelete(checker.done);
    _lock_close_recursive(&s_lock);
    TEST_ASSERT_EQUAL(6000, s_locked);
    TEST_ASSERT_EQUAL(6000, s_atomic);
    TEST_ASSERT_TRUE(s_atomic64 == 6000 * 0x100000001ULL);
    uint32_t expected = 1;
    TEST_ASSERT_FALSE(atomic_compare_exchange_strong(&s_atomic, &expected, 7));
    TEST_ASSERT_EQUAL(6000, expected);
    TEST_ASSERT_TRUE(atomic_compare_exchange_strong(&s_atomic, &expected, 7));
    TEST_ASSERT_EQUAL(7, atomic_exchange(&s_atomic, 9));
    TEST_ASSERT_EQUAL(9, atomic_fetch_and(&s_atomic, 1));
    TEST_ASSERT_EQUAL(1, atomic_load(&s_atomic));
}

static jmp_buf s_jump;

static __attribute__((noinline)) int jump_from(int depth)
{
    volatile int local = depth;
    if (depth == 0) {
        longjmp(s_jump, 42);
    }
    return depth < 0 ? 0 : jump_from(depth - 1) + local;
}

TEST_CASE("longjmp comes back from deep below", "[libc]")
{
    volatile int passes = 0;
    volatile int kept = 1234;
    int result = setjmp(s_jump);
    passes++;
    if (result == 0) {
        jump_from(30);
    }
    TEST_ASSERT_EQUAL(42, result);
    TEST_ASSERT_EQUAL(2, passes);
    TEST_ASSERT_EQUAL(1234, kept);
}

static int s_constructed;

static void __attribute__((constructor)) construct(void)
{
    s_constructed = 99;
}

TEST_CASE("constructors have run", "[libc]")
{
    TEST_ASSERT_EQUAL(99, s_constructed);
}
