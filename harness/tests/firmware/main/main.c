/* Answers lines on the console; each first word below is a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_cpu.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE quiet = portMUX_INITIALIZER_UNLOCKED;

/* In RAM, for a test that reads the device's memory by the address. */
static const char marker[] = "marker in memory";

/* A function that returns, among the data: entry a1, 32; retw.n */
static const uint8_t code[] __attribute__((aligned(4))) = {0x36, 0x41, 0x00, 0x1d, 0xf0};

static void __attribute__((noinline)) crash(void)
{
    *(volatile int *)4 = 1;
}

/* A loop of known length: two instructions a turn. */
static void count_cycles(uint32_t turns)
{
    portENTER_CRITICAL(&quiet);
    uint32_t start = esp_cpu_get_cycle_count();
    __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(turns));
    uint32_t cycles = esp_cpu_get_cycle_count() - start;
    portEXIT_CRITICAL(&quiet);
    printf("cycles: %lu.\n", (unsigned long)cycles);
}

static void obey(const char *line)
{
    if (strcmp(line, "crash") == 0) {
        crash();
    } else if (strcmp(line, "restart") == 0) {
        esp_restart();
    } else if (strcmp(line, "marker") == 0) {
        printf("marker at %p\n", (const void *)marker);
    } else if (strcmp(line, "run data") == 0) {
        ((void (*)(void))(uintptr_t)code)();
        printf("data has run\n");
    } else if (strncmp(line, "count ", 6) == 0) {
        count_cycles(strtoul(line + 6, NULL, 0));
    } else {
        printf("echo: %s\n", line);
    }
}

/* The console does not wait for input (ESP-IDF, Virtual Filesystem Component, stdin). */
static char read_char(void)
{
    int c;
    while ((c = getchar()) == EOF) {
        clearerr(stdin);
        vTaskDelay(1);
    }
    return (char)c;
}

void app_main(void)
{
    char line[80];
    size_t length = 0;
    printf("ready after %d\n", esp_reset_reason());
    for (;;) {
        char c = read_char();
        if (c != '\n' && length + 1 < sizeof(line)) {
            line[length++] = c;
        } else if (length > 0) {
            line[length] = 0;
            length = 0;
            obey(line);
        }
    }
}
