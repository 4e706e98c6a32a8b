/* SPDX-License-Identifier: MIT */
#include "reboot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esp_system.h"
#include "flash.h"

#define STEPS_MAX 1024

/* of the linker, for a section with such a name */
extern char __start_rtc_noinit[];
extern char __stop_rtc_noinit[];

static esp_reset_reason_t reset_reason = ESP_RST_POWERON;

static size_t rtc_size(void)
{
    return (size_t)(__stop_rtc_noinit - __start_rtc_noinit);
}

void reboot(int reason, char **steps)
{
    char resume[64];
    char *arguments[STEPS_MAX + 3] = {"hr_host", resume};
    FILE *state = tmpfile();
    fwrite(__start_rtc_noinit, 1, rtc_size(), state);
    flash_save(state);
    fflush(state);
    fflush(stdout);
    snprintf(resume, sizeof(resume), "resume=%d,%d", fileno(state), reason);
    for (int i = 0; steps[i] != NULL; i++) {
        arguments[i + 2] = steps[i];
    }
    lseek(fileno(state), 0, SEEK_SET);
    execv("/proc/self/exe", arguments);
    perror("execv");
    exit(2);
}

void reboot_corrupt(unsigned offset)
{
    __start_rtc_noinit[offset] ^= 0x7f;
}

void reboot_resume(const char *value)
{
    char *end;
    FILE *state = fdopen((int)strtol(value, &end, 0), "rb");
    reset_reason = (esp_reset_reason_t)strtol(end + 1, NULL, 0);
    if (fread(__start_rtc_noinit, 1, rtc_size(), state) != rtc_size()) {
        exit(2);
    }
    if (reset_reason == ESP_RST_POWERON) {
        memset(__start_rtc_noinit, 0xa5, rtc_size());
    }
    flash_restore(state);
    fclose(state);
}

esp_reset_reason_t esp_reset_reason(void)
{
    return reset_reason;
}
