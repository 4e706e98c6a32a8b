/* SPDX-License-Identifier: MIT */
/* ways for a firmware to end; each is started by name */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esp_debug_helpers.h"
#include "esp_err.h"
#include "esp_flash.h"
#include "esp_heap_caps.h"
#include "esp_intr_alloc.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "software_interrupt.h"
#include "unity.h"

/* a path that a decoded backtrace has to show */
#define STEP static __attribute__((noinline, noclone)) void
#define END_STEP() __asm__ volatile("" : : : "memory")

static volatile uint32_t *volatile s_null;
static volatile int s_zero;

STEP crash_load(void *arg)
{
    (void)*s_null;
    END_STEP();
}

STEP crash_store(void *arg)
{
    *s_null = 1;
    END_STEP();
}

STEP crash_unaligned(void *arg)
{
    static uint32_t words[2];
    *(volatile uint32_t *)((uintptr_t)words + 1) = 1;
    END_STEP();
}

/* in a block of instruction RAM */
static uint8_t *iram_bytes(void)
{
    return heap_caps_malloc(8, MALLOC_CAP_EXEC | MALLOC_CAP_32BIT);
}

STEP crash_iram_load8(void *arg)
{
    (void)*(volatile uint8_t *)iram_bytes();
    END_STEP();
}

STEP crash_iram_load16(void *arg)
{
    (void)*(volatile int16_t *)(iram_bytes() + 2);
    END_STEP();
}

STEP crash_iram_store8(void *arg)
{
    *(volatile uint8_t *)(iram_bytes() + 3) = 1;
    END_STEP();
}

STEP crash_iram_unaligned(void *arg)
{
    *(volatile uint32_t *)(iram_bytes() + 2) = 1;
    END_STEP();
}

STEP crash_beyond_ram(void *arg)
{
    (void)*(volatile uint32_t *)0x6f000000;
    END_STEP();
}

STEP crash_illegal(void *arg)
{
    __asm__ volatile("ill");
    END_STEP();
}

STEP crash_divide(void *arg)
{
    int zero = s_zero;
    __asm__ volatile("quos %0, %0, %1" : "+a"(s_zero) : "a"(zero));
    END_STEP();
}

STEP crash_jump_to_null(void *arg)
{
    void (*volatile function)(void) = NULL;
    function();
    END_STEP();
}

STEP crash_jump_to_data(void *arg)
{
    void (*volatile function)(void) = (void (*)(void))heap_caps_malloc(64, MALLOC_CAP_8BIT);
    function();
    END_STEP();
}

STEP crash_break(void *arg)
{
    __asm__ volatile("break 0, 0");
    END_STEP();
}

STEP crash_abort(void *arg)
{
    abort();
}

STEP crash_assert(void *arg)
{
    assert(s_zero == 1);
    END_STEP();
}

STEP crash_error_check(void *arg)
{
    ESP_ERROR_CHECK(s_zero == 0 ? ESP_ERR_INVALID_STATE : ESP_OK);
    END_STEP();
}

STEP crash_double_free(void *arg)
{
    void *ptr = malloc(40);
    void *volatile again = ptr;
    free(ptr);
    free(again);
    END_STEP();
}

STEP crash_heap_overrun(void *arg)
{
    char *volatile ptr = malloc(40);
    memset(ptr, 0xee, 41);
    free(ptr);
    END_STEP();
}

STEP crash_in_interrupt(void *arg)
{
    run_in_interrupt(crash_load, NULL);
    END_STEP();
}

STEP crash_masked(void *arg)
{
    portDISABLE_INTERRUPTS();
    crash_load(arg);
}

STEP crash_give_foreign_mutex(void *arg)
{
    xSemaphoreGive((SemaphoreHandle_t)arg);
}

static void give_foreign_mutex(void *arg)
{
    crash_give_foreign_mutex(arg);
}

STEP crash_foreign_mutex(void *arg)
{
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, 0);
    xTaskCreate(give_foreign_mutex, "thief", 3072, mutex, 5, NULL);
    END_STEP();
}

STEP crash_bad_stack_pointer(void *arg)
{
    __asm__ volatile("movi a1, 0\n\tmovi a2, 0\n\ts32i a2, a2, 0");
    END_STEP();
}

/* the stack pointer goes wrong first, then a window has to be spilled there; when that
   happens the wrong one is seen as a13 */
STEP crash_bad_spill(void *arg)
{
    __asm__ volatile("movi a1, 0x1000\n\trotw 2\n\tmov a15, a15\n\trotw 3\n\tmov a15, a15");
    END_STEP();
}

STEP crash_with_known_registers(void *arg)
{
    __asm__ volatile("movi a2, 0x1b\n\twsr a2, lbeg\n\t"
                     "movi a2, 0x1e\n\twsr a2, lend\n\t"
                     "movi a2, 0x1c\n\twsr a2, lcount\n\t"
                     "ssai 17\n\t"
                     "movi a2, 0x102\n\tmovi a3, 0x103\n\tmovi a4, 0x104\n\tmovi a5, 0x105\n\t"
                     "movi a6, 0x106\n\tmovi a7, 0x107\n\tmovi a8, 0x108\n\tmovi a9, 0x109\n\t"
                     "movi a10, 0x110\n\tmovi a11, 0x111\n\tmovi a12, 0x112\n\t"
                     "movi a13, 0x113\n\tmovi a14, 0x114\n\tmovi a15, 0x115\n\t"
                     "ill");
    END_STEP();
}

static __attribute__((noinline)) int overflow_stack(int depth)
{
    volatile char block[200];
    memset((char *)block, depth, sizeof(block));
    if (depth % 4 == 0) {
        taskYIELD(); /* a check is made at each switch */
    }
    return depth > 1000 ? 0 : overflow_stack(depth + 1) + block[0];
}

static void overflow(void *arg)
{
    overflow_stack(1);
}

static void yield_for_ever(void *arg)
{
    for (;;) {
        taskYIELD();
    }
}

STEP crash_stack_overflow(void *arg)
{
    /* memory behind the stack that nobody needs */
    heap_caps_malloc(4096, MALLOC_CAP_DEFAULT);
    vTaskPrioritySet(NULL, 10);
    xTaskCreate(yield_for_ever, "other", 2048, NULL, 5, NULL);
    xTaskCreate(overflow, "greedy", 2048, NULL, 5, NULL);
    vTaskDelay(100);
}

static void return_at_once(void *arg)
{
}

STEP crash_task_returns(void *arg)
{
    xTaskCreate(return_at_once, "short", 2048, NULL, 5, NULL);
    END_STEP();
}

/* no crash at all */
STEP print_backtrace(void *arg)
{
    esp_backtrace_print(32);
    END_STEP();
}

/* the panic itself fails: what it is to print cannot be read */
STEP crash_in_panic(void *arg)
{
    esp_system_abort((const char *)0x30);
}

typedef struct {
    const char *name;
    void (*crash)(void *);
} crash_t;

static void read_flash(void *arg)
{
    uint32_t word;
    esp_flash_read(NULL, &word, 0, sizeof(word));
    vTaskDelete(NULL);
}

static void start_in_psram(void *arg)
{
    static StaticTask_t tcb;
    StackType_t *stack = heap_caps_malloc(4096, MALLOC_CAP_SPIRAM);
    xTaskCreateStatic(read_flash, "external", 4096, NULL, 20, stack, &tcb);
    vTaskDelay(portMAX_DELAY);
}

static const crash_t s_crashes[] = {
    {"load", crash_load},
    {"store", crash_store},
    {"unaligned", crash_unaligned},
    {"iram_load8", crash_iram_load8},
    {"iram_load16", crash_iram_load16},
    {"iram_store8", crash_iram_store8},
    {"iram_unaligned", crash_iram_unaligned},
    {"beyond_ram", crash_beyond_ram},
    {"illegal", crash_illegal},
    {"divide", crash_divide},
    {"jump_to_null", crash_jump_to_null},
    {"jump_to_data", crash_jump_to_data},
    {"break", crash_break},
    {"abort", crash_abort},
    {"assert", crash_assert},
    {"error_check", crash_error_check},
    {"double_free", crash_double_free},
    {"heap_overrun", crash_heap_overrun},
    {"not_at_all", print_backtrace},
    {"registers", crash_with_known_registers},
    {"in_panic", crash_in_panic},
    {"in_interrupt", crash_in_interrupt},
    {"masked", crash_masked},
    {"foreign_mutex", crash_foreign_mutex},
    {"bad_stack_pointer", crash_bad_stack_pointer},
    {"bad_spill", crash_bad_spill},
    {"stack_overflow", crash_stack_overflow},
    {"task_returns", crash_task_returns},
    {"task_in_psram", start_in_psram},
};

static __attribute__((noinline)) void run_crash(const char *name)
{
    for (size_t i = 0; i < sizeof(s_crashes) / sizeof(s_crashes[0]); i++) {
        if (strcmp(s_crashes[i].name, name) == 0) {
            s_crashes[i].crash(NULL);
            END_STEP();
        }
    }
}

TEST_CASE("crash", "[crash][ignore]")
{
    char name[32];
    printf("which crash?\n");
    unity_gets(name, sizeof(name));
    run_crash(name);
    printf("no crash\n");
}
