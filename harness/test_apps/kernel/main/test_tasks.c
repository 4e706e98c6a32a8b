/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "esp_freertos_hooks.h"
#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/task_snapshot.h"
#include "unity.h"
#include "waiting.h"

#define TEST_STACK 2560

static TaskHandle_t s_main;

static void notify_main(void *arg)
{
    *(volatile int *)arg += 1;
    xTaskNotifyGive(s_main);
    vTaskDelete(NULL);
}

static void count_for_ever(void *arg)
{
    for (;;) {
        *(volatile unsigned *)arg += 1;
    }
}

static void suspend_self(void *arg)
{
    volatile int *steps = arg;
    for (;;) {
        vTaskSuspend(NULL);
        *steps += 1;
    }
}

TEST_CASE("a new task of higher priority runs at once", "[tasks]")
{
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(notify_main, "high", TEST_STACK, &ran, 5, NULL));
    TEST_ASSERT_EQUAL(1, ran);
    ulTaskNotifyTake(pdTRUE, 0);
}

TEST_CASE("a new task of lower priority waits", "[tasks]")
{
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    xTaskCreate(notify_main, "low", TEST_STACK, &ran, 0, NULL);
    TEST_ASSERT_EQUAL(0, ran);
    TEST_ASSERT_EQUAL(1, ulTaskNotifyTake(pdTRUE, portMAX_DELAY));
    TEST_ASSERT_EQUAL(1, ran);
    vTaskDelay(1);
}

TEST_CASE("tasks of equal priority share the time", "[tasks]")
{
    volatile unsigned counts[3] = {0};
    TaskHandle_t tasks[3];
    vTaskPrioritySet(NULL, 10);
    for (int i = 0; i < 3; i++) {
        xTaskCreate(count_for_ever, "count", TEST_STACK, (void *)&counts[i], 4, &tasks[i]);
    }
    vTaskDelay(60);
    for (int i = 0; i < 3; i++) {
        vTaskDelete(tasks[i]);
    }
    vTaskPrioritySet(NULL, 1);
    unsigned total = counts[0] + counts[1] + counts[2];
    for (int i = 0; i < 3; i++) {
        TEST_ASSERT_GREATER_THAN(total / 6, counts[i]);
    }
}

TEST_CASE("a lower priority gets nothing while a higher one runs", "[tasks]")
{
    volatile unsigned counts[2] = {0};
    TaskHandle_t tasks[2];
    vTaskPrioritySet(NULL, 10);
    for (int i = 0; i < 2; i++) {
        xTaskCreate(count_for_ever, "count", TEST_STACK, (void *)&counts[i], 3 + i, &tasks[i]);
    }
    wait_for(&counts[1]);
    TEST_ASSERT_EQUAL(0, counts[0]);
    vTaskPrioritySet(tasks[0], 5); /* now the other way around */
    unsigned before = counts[1];
    wait_for(&counts[0]);
    TEST_ASSERT_EQUAL(before, counts[1]);
    vTaskDelete(tasks[0]);
    vTaskDelete(tasks[1]);
    vTaskPrioritySet(NULL, 1);
}

TEST_CASE("a thousand tasks come and go without a leak", "[tasks]")
{
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    xTaskCreate(notify_main, "first", TEST_STACK, &ran, 5, NULL);
    settle();
    ulTaskNotifyTake(pdTRUE, 0);
    size_t before = heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
    for (int i = 0; i < 1000; i++) {
        TaskHandle_t victim = NULL;
        unsigned count = 0;
        TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(notify_main, "self", TEST_STACK, &ran, i % 3, NULL));
        TEST_ASSERT_EQUAL(pdPASS,
                          xTaskCreate(count_for_ever, "victim", TEST_STACK, &count, 0, &victim));
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        vTaskDelete(victim);
        if (i % 10 == 0) {
            settle();
        }
    }
    settle();
    TEST_ASSERT_EQUAL(1001, ran);
    TEST_ASSERT_EQUAL(before, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
}

TEST_CASE("memory of a task that deleted itself is free when there is time", "[tasks]")
{
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    settle();
    for (int i = 0; i < 5; i++) {
        size_t before = heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
        xTaskCreate(notify_main, "self", TEST_STACK, &ran, 5, NULL);
        TEST_ASSERT_LESS_THAN(before, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
        vTaskDelay(20);
        TEST_ASSERT_EQUAL(before, heap_caps_get_free_size(MALLOC_CAP_DEFAULT));
    }
    ulTaskNotifyTake(pdTRUE, 0);
}

static volatile uint32_t s_passes;
static volatile bool s_often;

static bool count_passes(void)
{
    s_passes++;
    return !s_often;
}

/* each wakes the idle task once: it waits for an interrupt, not for a tick */
static void delay_often(int times)
{
    for (int i = 0; i < times; i++) {
        vTaskDelay(1);
    }
}

TEST_CASE("the idle task calls its hooks, once for each interrupt if they want no more", "[tasks]")
{
    s_passes = 0;
    s_often = false;
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_ARG,
                      esp_register_freertos_idle_hook_for_cpu(count_passes, portNUM_PROCESSORS));
    TEST_ASSERT_EQUAL(ESP_OK, esp_register_freertos_idle_hook(count_passes));
    delay_often(5);
    uint32_t seldom = s_passes;
    s_often = true;
    delay_often(5);
    uint32_t often = s_passes - seldom;
    esp_deregister_freertos_idle_hook(count_passes);
    s_passes = 0;
    vTaskDelay(2);
    TEST_ASSERT_GREATER_THAN(0, seldom);
    TEST_ASSERT_GREATER_THAN(3 * seldom, often);
    TEST_ASSERT_EQUAL(0, s_passes);
}

TEST_CASE("tasks are created with memory of their own or of the caller", "[tasks]")
{
    static StaticTask_t tcb;
    static StackType_t stack[TEST_STACK];
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    TaskHandle_t task =
        xTaskCreateStatic(notify_main, "static", sizeof(stack), &ran, 5, stack, &tcb);
    TEST_ASSERT_EQUAL_PTR(&tcb, task);
    TEST_ASSERT_EQUAL(1, ran);
    ulTaskNotifyTake(pdTRUE, 0);
    vTaskDelay(1);
    TEST_ASSERT_EQUAL(errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY,
                      xTaskCreate(notify_main, "huge", 4 << 20, &ran, 5, NULL));
}

TEST_CASE("a suspended task stands still until it is resumed", "[tasks]")
{
    int steps = 0;
    TaskHandle_t task;
    xTaskCreate(suspend_self, "suspend", TEST_STACK, &steps, 5, &task);
    TEST_ASSERT_EQUAL(eSuspended, eTaskGetState(task));
    TEST_ASSERT_EQUAL(0, steps);
    for (int i = 1; i <= 5; i++) {
        vTaskResume(task);
        TEST_ASSERT_EQUAL(i, steps);
    }
    vTaskDelete(task);

    volatile unsigned count = 0;
    xTaskCreate(count_for_ever, "count", TEST_STACK, (void *)&count, 0, &task);
    wait_for(&count);
    vTaskSuspend(task);
    count = 0;
    vTaskDelay(2);
    TEST_ASSERT_EQUAL(0, count);
    vTaskResume(task);
    wait_for(&count);
    vTaskDelete(task);
}

static void wait_long(void *arg)
{
    *(TickType_t *)arg = xTaskGetTickCount();
    vTaskDelay(5000);
    *(TickType_t *)arg = xTaskGetTickCount() - *(TickType_t *)arg;
    xTaskNotifyGive(s_main);
    vTaskDelete(NULL);
}

TEST_CASE("a delay can be aborted, and states are told", "[tasks]")
{
    TickType_t took = 0;
    TaskHandle_t task;
    s_main = xTaskGetCurrentTaskHandle();
    xTaskCreate(wait_long, "wait", TEST_STACK, &took, 5, &task);
    TEST_ASSERT_EQUAL(eBlocked, eTaskGetState(task));
    TEST_ASSERT_EQUAL(eRunning, eTaskGetState(s_main));
    TEST_ASSERT_EQUAL(eReady, eTaskGetState(xTaskGetIdleTaskHandle()));
    TEST_ASSERT_EQUAL(pdPASS, xTaskAbortDelay(task));
    TEST_ASSERT_EQUAL(1, ulTaskNotifyTake(pdTRUE, 1));
    TEST_ASSERT_LESS_THAN(5000, took);
    TEST_ASSERT_EQUAL(pdFAIL, xTaskAbortDelay(xTaskGetIdleTaskHandle()));
    vTaskDelay(1);
}

TEST_CASE("names, handles, numbers and lists of tasks", "[tasks]")
{
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    TEST_ASSERT_EQUAL_STRING("main", pcTaskGetName(NULL));
    TEST_ASSERT_EQUAL_PTR(self, xTaskGetHandle("main"));
    TEST_ASSERT_NULL(xTaskGetHandle("nobody"));
    TEST_ASSERT_EQUAL_STRING("IDLE", pcTaskGetName(xTaskGetIdleTaskHandle()));
    TEST_ASSERT_EQUAL(0, xPortGetCoreID());
    TEST_ASSERT_EQUAL(taskSCHEDULER_RUNNING, xTaskGetSchedulerState());

    TaskHandle_t task;
    int steps = 0;
    xTaskCreate(suspend_self, "a name that is much too long", TEST_STACK, &steps, 7, &task);
    TEST_ASSERT_EQUAL_STRING("a name that is ", pcTaskGetName(task));
    UBaseType_t count = uxTaskGetNumberOfTasks();
    TaskStatus_t states[12];
    TEST_ASSERT_EQUAL(0, uxTaskGetSystemState(states, count - 1, NULL));
    TEST_ASSERT_EQUAL(count, uxTaskGetSystemState(states, 12, NULL));
    bool found = false;
    for (UBaseType_t i = 0; i < count; i++) {
        if (states[i].xHandle == task) {
            found = true;
            TEST_ASSERT_EQUAL(eSuspended, states[i].eCurrentState);
            TEST_ASSERT_EQUAL(7, states[i].uxCurrentPriority);
            TEST_ASSERT_EQUAL_PTR(pxTaskGetStackStart(task), states[i].pxStackBase);
            TEST_ASSERT_EQUAL(uxTaskGetStackHighWaterMark(task), states[i].usStackHighWaterMark);
        }
    }
    TEST_ASSERT_TRUE(found);
    char list[12 * 48];
    vTaskList(list);
    TEST_ASSERT_NOT_NULL(strstr(list, "main"));
    TEST_ASSERT_NOT_NULL(strstr(list, "\tS\t7\t"));
    vTaskDelete(task);
}

static __attribute__((noinline)) void use_stack(size_t bytes)
{
    volatile uint8_t array[bytes];
    for (size_t i = 0; i < bytes; i++) {
        array[i] = 1;
    }
    TEST_ASSERT_EQUAL(1, array[0]);
}

static void use_stack_and_wait(void *arg)
{
    use_stack((size_t)arg);
    vTaskSuspend(NULL);
}

TEST_CASE("the high water mark tells what was never used of a stack", "[tasks]")
{
    TaskHandle_t little, much;
    xTaskCreate(use_stack_and_wait, "little", 4096, (void *)100, 5, &little);
    xTaskCreate(use_stack_and_wait, "much", 4096, (void *)2100, 5, &much);
    UBaseType_t left_little = uxTaskGetStackHighWaterMark(little);
    UBaseType_t left_much = uxTaskGetStackHighWaterMark(much);
    vTaskDelete(little);
    vTaskDelete(much);
    TEST_ASSERT_LESS_THAN(4096 - 100, left_little);
    TEST_ASSERT_GREATER_THAN(4096 - 1500, left_little);
    /* an interrupt may have come at the deepest point of one of them */
    TEST_ASSERT_INT_WITHIN(256, 2000, left_little - left_much);
}

/* deep enough that its return addresses are in spilled windows */
static __attribute__((noinline)) int marked_leaf(int depth)
{
    if (depth > 0) {
        return marked_leaf(depth - 1) + 1;
    }
    vTaskSuspend(NULL);
    return 0;
}

static void go_deep(void *arg)
{
    *(volatile int *)arg = marked_leaf(20);
    vTaskSuspend(NULL);
}

static bool points_into(uint32_t word, const void *function, size_t size)
{
    /* a return address has the call size in place of its upper two bits */
    uint32_t address = (word & 0x3fffffff) | 0x40000000;
    return address > (uint32_t)function && address < (uint32_t)function + size;
}

TEST_CASE("a snapshot shows all return addresses of a task that waits", "[tasks]")
{
    TaskHandle_t task;
    int result = -1;
    xTaskCreate(go_deep, "deep", 6144, &result, 5, &task);
    TaskSnapshot_t snapshot;
    TEST_ASSERT_TRUE(vTaskGetSnapshot(task, &snapshot));
    TEST_ASSERT_EQUAL_PTR(((uintptr_t)pxTaskGetStackStart(task) + 6143) & ~15,
                          snapshot.pxEndOfStack);
    int found = 0;
    const uint32_t *end = (uint32_t *)snapshot.pxEndOfStack + 4;
    for (const uint32_t *word = (uint32_t *)snapshot.pxTopOfStack - 4; word < end; word++) {
        found += points_into(*word, marked_leaf, 64);
    }
    TEST_ASSERT_GREATER_OR_EQUAL(20, found);

    TaskSnapshot_t all[12];
    UBaseType_t tcb_size;
    TEST_ASSERT_EQUAL(uxTaskGetNumberOfTasks(), uxTaskGetSnapshotAll(all, 12, &tcb_size));
    UBaseType_t listed = 0;
    for (TaskHandle_t next = pxTaskGetNext(NULL); next; next = pxTaskGetNext(next)) {
        listed++;
    }
    TEST_ASSERT_EQUAL(uxTaskGetNumberOfTasks(), listed);

    vTaskResume(task);
    TEST_ASSERT_EQUAL(20, result);
    vTaskDelete(task);
}

static volatile bool s_spinning;

/* known values in registers, at a known place, for ever */
static void spin(void *arg)
{
    (void)arg;
    s_spinning = true;
    __asm__ volatile("movi a3, 0x333\n\tmovi a8, 0x888\n\tmovi a15, 0x7ff\n"
                     "spin_here: j spin_here"
                     :
                     :
                     : "a3", "a8", "a15");
}

extern const char spin_here[];

TEST_CASE("a preempted task is an XtExcFrame, one that waits an XtSolFrame", "[tasks]")
{
    TaskHandle_t spinning, waiting;
    int steps = 0;
    s_spinning = false;
    xTaskCreate(spin, "spin", TEST_STACK, NULL, 1, &spinning);
    xTaskCreate(suspend_self, "waits", TEST_STACK, &steps, 5, &waiting);
    vTaskDelay(2);
    TEST_ASSERT_TRUE(s_spinning);

    TaskSnapshot_t snapshot;
    vTaskGetSnapshot(spinning, &snapshot);
    const XtExcFrame *interrupted = (XtExcFrame *)snapshot.pxTopOfStack;
    TEST_ASSERT_NOT_EQUAL(0, interrupted->exit);
    TEST_ASSERT_EQUAL_HEX32(spin_here, interrupted->pc);
    TEST_ASSERT_EQUAL_HEX32(0x333, interrupted->a3);
    TEST_ASSERT_EQUAL_HEX32(0x888, interrupted->a8);
    TEST_ASSERT_EQUAL_HEX32(0x7ff, interrupted->a15);
    TEST_ASSERT_EQUAL_HEX32(4, interrupted->exccause);
    /* below its a1: the caller of spin() is where every task begins, which has no caller */
    const uint32_t *saved = (uint32_t *)interrupted->a1 - 4;
    TEST_ASSERT_EQUAL_HEX32(0, saved[0]);
    TEST_ASSERT_GREATER_THAN_UINT32(interrupted->a1, saved[1]);

    vTaskGetSnapshot(waiting, &snapshot);
    const XtSolFrame *solicited = (XtSolFrame *)snapshot.pxTopOfStack;
    TEST_ASSERT_EQUAL(0, solicited->exit);
    TEST_ASSERT_TRUE(points_into((uint32_t)solicited->pc, vPortExitCritical, 256));
    /* below the frame: the caller of vPortExitCritical(), and so on to where the task began */
    int in_suspend = 0, in_task = 0;
    saved = (uint32_t *)solicited - 4;
    for (int depth = 0; saved[0] != 0; depth++) {
        TEST_ASSERT_LESS_THAN(6, depth);
        in_suspend += points_into(saved[0], vTaskSuspend, 256);
        in_task += points_into(saved[0], suspend_self, 64);
        saved = (uint32_t *)saved[1] - 4;
    }
    TEST_ASSERT_EQUAL(1, in_suspend);
    TEST_ASSERT_EQUAL(1, in_task);

    vTaskDelete(spinning);
    vTaskDelete(waiting);
}

static int s_deleted_index;
static void *s_deleted_value;

static void on_tls_delete(int index, void *value)
{
    s_deleted_index = index;
    s_deleted_value = value;
}

static void use_tls(void *arg)
{
    vTaskSetThreadLocalStoragePointer(NULL, 0, (void *)0x11);
    vTaskSetThreadLocalStoragePointerAndDelCallback(NULL, 2, (void *)0x22, on_tls_delete);
    *(bool *)arg = pvTaskGetThreadLocalStoragePointer(NULL, 0) == (void *)0x11;
    vTaskDelete(NULL);
}

TEST_CASE("thread local storage is per task and its callback runs at the end", "[tasks]")
{
    bool right = false;
    vTaskSetThreadLocalStoragePointer(NULL, 0, (void *)0x99);
    xTaskCreate(use_tls, "tls", TEST_STACK, &right, 5, NULL);
    settle();
    TEST_ASSERT_TRUE(right);
    TEST_ASSERT_EQUAL_HEX32(0x99, pvTaskGetThreadLocalStoragePointer(NULL, 0));
    TEST_ASSERT_EQUAL(2, s_deleted_index);
    TEST_ASSERT_EQUAL_HEX32(0x22, s_deleted_value);
}

TEST_CASE("a suspended scheduler switches only when it is resumed", "[tasks]")
{
    int ran = 0;
    s_main = xTaskGetCurrentTaskHandle();
    vTaskSuspendAll();
    TEST_ASSERT_EQUAL(taskSCHEDULER_SUSPENDED, xTaskGetSchedulerState());
    xTaskCreate(notify_main, "high", TEST_STACK, &ran, 5, NULL);
    TickType_t start = xTaskGetTickCount();
    while (xTaskGetTickCount() - start < 3) { /* ticks are counted all the same */
    }
    TEST_ASSERT_EQUAL(0, ran);
    TEST_ASSERT_TRUE(xTaskResumeAll());
    TEST_ASSERT_EQUAL(1, ran);
    ulTaskNotifyTake(pdTRUE, 0);
    vTaskDelay(1);
}

typedef struct {
    TickType_t ticks;
    volatile TickType_t woke;
} sleeper_t;

static void sleep_once(void *arg)
{
    sleeper_t *self = arg;
    vTaskDelay(self->ticks);
    self->woke = xTaskGetTickCount();
    vTaskDelete(NULL);
}

static void spin_until(TickType_t tick)
{
    while ((int)(xTaskGetTickCount() - tick) < 0) {
    }
}

TEST_CASE("sleepers of a suspended scheduler wake on time afterwards", "[tasks]")
{
    sleeper_t unimportant = {.ticks = 2}, important = {.ticks = 40};
    vTaskDelay(1);
    TickType_t start = xTaskGetTickCount();
    xTaskCreate(sleep_once, "low", TEST_STACK, &unimportant, 1, NULL);
    taskYIELD(); /* it goes to sleep */
    xTaskCreate(sleep_once, "high", TEST_STACK, &important, 5, NULL);
    vTaskPrioritySet(NULL, 2);
    vTaskSuspendAll();
    spin_until(start + 5);
    xTaskResumeAll(); /* the one that is due is less important than this */
    spin_until(start + 80);
    TickType_t woke = important.woke;
    TEST_ASSERT_EQUAL(0, unimportant.woke);
    vTaskPrioritySet(NULL, 1);
    settle();
    TEST_ASSERT_NOT_EQUAL(0, unimportant.woke);
    TEST_ASSERT_GREATER_OR_EQUAL(40, (int)(woke - start));
    TEST_ASSERT_LESS_THAN(80, (int)(woke - start));
}
