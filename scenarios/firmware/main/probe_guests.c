/* Who calls the module besides tasks that do nothing else: an interrupt handler on each core, the
 * timer's task, tasks that come and go, one that masks interrupts, one that uses floating point. */
#include "probe_guests.h"

#include "esp_intr_alloc.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module_api.h"

#define STACK 3072
#define PRIORITY 2
#define TIMER_PERIOD_US 700
#define LAST_CORE (portNUM_PROCESSORS - 1)

typedef struct {
    volatile uint32_t calls;
    volatile uint32_t wrong;
} guest_t;

enum {
    INTERRUPTS,
    INTERRUPTS_LAST = INTERRUPTS + LAST_CORE,
    TIMER,
    SHORT_LIVED,
    MASKED,
    FLOATING,
    GUESTS,
};

static guest_t guests[GUESTS];
static volatile bool stop;
static volatile uint32_t tasks; /* that have not ended */
static esp_timer_handle_t timer;
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

static void visit_module(guest_t *guest)
{
    uint32_t n = guest->calls;
    guest->wrong += add(n, 3) != n + 3;
    guest->wrong += sig_mul64(n, n) != (uint64_t)n * n;
    guest->calls++;
}

static void count_tasks(int change)
{
    portENTER_CRITICAL(&lock);
    tasks += change;
    portEXIT_CRITICAL(&lock);
}

static void end_task(void)
{
    count_tasks(-1);
    vTaskDelete(NULL);
}

static bool start_task(TaskFunction_t function, void *arg, BaseType_t core)
{
    count_tasks(1);
    if (xTaskCreatePinnedToCore(function, "guest", STACK, arg, PRIORITY, NULL, core) != pdPASS) {
        count_tasks(-1);
        return false;
    }
    return true;
}

typedef struct {
    guest_t *guest;
    uint32_t mask;
} line_t;

static void on_interrupt(void *arg)
{
    const line_t *line = arg;
    __asm__ volatile("wsr %0, intclear\n\trsync" : : "a"(line->mask));
    visit_module(line->guest);
}

/* a handler belongs to the core that has asked for it */
static void interrupt_itself(void *arg)
{
    line_t line = {.guest = arg};
    intr_handle_t handle;
    if (esp_intr_alloc(ETS_INTERNAL_SW0_INTR_SOURCE, 0, on_interrupt, &line, &handle) == ESP_OK) {
        line.mask = 1u << esp_intr_get_intno(handle);
        while (!stop) {
            __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(line.mask) : "memory");
            taskYIELD();
        }
        esp_intr_free(handle);
    }
    end_task();
}

static void on_timer(void *arg)
{
    visit_module(arg);
}

static void visit_once(void *arg)
{
    visit_module(arg);
    vTaskSuspend(NULL);
}

/* On the last core. A task that deletes itself is freed by the idle task, which gets no turn. */
static void spawn(void *arg)
{
    while (!stop) {
        TaskHandle_t task;
        if (xTaskCreatePinnedToCore(visit_once, "guest", STACK, arg, PRIORITY, &task, LAST_CORE)
            == pdPASS) {
            while (eTaskGetState(task) != eSuspended) {
                vTaskDelay(1);
            }
            vTaskDelete(task);
        }
    }
    end_task();
}

static void visit_masked(void *arg)
{
    static portMUX_TYPE own = portMUX_INITIALIZER_UNLOCKED;
    guest_t *guest = arg;
    while (!stop) {
        portENTER_CRITICAL(&own);
        for (int i = 0; i < 20; i++) {
            visit_module(guest);
        }
        portEXIT_CRITICAL(&own);
        taskYIELD();
    }
    end_task();
}

/* the coprocessor's registers are saved late, at the end of the stack */
static void compute(void *arg)
{
    guest_t *guest = arg;
    volatile float sum = 0;
    for (uint32_t i = 0; !stop; i = (i + 1) % 1000) {
        float before = sum;
        visit_module(guest);
        sum = before + 0.5f;
        guest->wrong += i == 999 && sum != 500.0f;
        sum = i == 999 ? 0 : sum;
    }
    end_task();
}

bool probe_guests_start(void)
{
    const esp_timer_create_args_t timer_args = {
        .callback = on_timer, .arg = &guests[TIMER], .name = "guest"};
    stop = false;
    bool started = timer != NULL || esp_timer_create(&timer_args, &timer) == ESP_OK;
    for (int i = 0; i < GUESTS; i++) {
        guests[i] = (guest_t) {0};
    }
    for (BaseType_t core = 0; core <= LAST_CORE; core++) {
        started &= start_task(interrupt_itself, &guests[INTERRUPTS + core], core);
    }
    started &= start_task(spawn, &guests[SHORT_LIVED], tskNO_AFFINITY);
    started &= start_task(visit_masked, &guests[MASKED], LAST_CORE);
    started &= start_task(compute, &guests[FLOATING], LAST_CORE);
    return started && esp_timer_start_periodic(timer, TIMER_PERIOD_US) == ESP_OK;
}

void probe_guests_stop(uint32_t *wrong, uint32_t *fewest)
{
    stop = true;
    esp_timer_stop(timer);
    while (tasks > 0) {
        vTaskDelay(1);
    }
    for (int i = 0; i < GUESTS; i++) {
        *wrong += guests[i].wrong;
        *fewest = guests[i].calls < *fewest ? guests[i].calls : *fewest;
    }
}
