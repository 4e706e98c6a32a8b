/* Answers lines on the console; each first word below is a command. */
#include <stdio.h>
#include <string.h>

#include "esp_system.h"

/* In RAM, for a test that reads the device's memory by the address. */
static const char marker[] = "marker in memory";

static void __attribute__((noinline)) crash(void)
{
    *(volatile int *)4 = 1;
}

static void obey(const char *line)
{
    if (strcmp(line, "crash") == 0) {
        crash();
    } else if (strcmp(line, "restart") == 0) {
        esp_restart();
    } else if (strcmp(line, "marker") == 0) {
        printf("marker at %p\n", (const void *)marker);
    } else {
        printf("echo: %s\n", line);
    }
}

void app_main(void)
{
    char line[80];
    printf("ready after %d\n", esp_reset_reason());
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] != 0) {
            obey(line);
        }
    }
}
