/* SPDX-License-Identifier: MIT */
/* Checks requests and modules on the host. Each line of the input is one step, answered by one line:

       issue TIME
       check TIME ENDPOINT [HEADER]
       restart RANDOM
       module FLOOR ELF                       in hexadecimal digits
       origin ORIGIN HOST SITE TRUSTED        each - for none

   The program's arguments are key, device, random bytes and lifetime. It answers with the id of the key
   first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/hr_image_mac.h"
#include "hotreload.h"
#include "server/hr_auth.h"

#define LINE_SIZE 8192

const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

static uint8_t key[HR_KEY_SIZE];
static hr_auth_device_t device;
static hr_auth_t auth;
static int64_t lifetime;

static size_t parse(uint8_t *bytes, const char *digits)
{
    size_t size = strlen(digits) / 2;
    for (size_t i = 0; i < size; i++) {
        sscanf(digits + 2 * i, "%2hhx", &bytes[i]);
    }
    return size;
}

static void print_result(esp_err_t err, const hr_report_t *report, const char *result)
{
    printf("%s %s\n", hotreload_err_to_name(err), err == ESP_OK ? result : report->message);
    fflush(stdout);
}

static esp_err_t start(const char *random_digits, hr_report_t *report)
{
    uint8_t random[HR_SHA256_SIZE];
    parse(random, random_digits);
    return hr_auth_init(&auth, key, device, random, lifetime, report);
}

static void issue(char *arguments)
{
    hr_report_t report;
    char nonce[HR_AUTH_NONCE_LENGTH + 1];
    esp_err_t err = hr_auth_issue(&auth, strtoll(arguments, NULL, 10), nonce, &report);
    print_result(err, &report, nonce);
}

static void check(char *arguments)
{
    hr_report_t report;
    uint8_t module[HR_SHA256_SIZE];
    char digits[HR_SHA256_TEXT_SIZE];
    int64_t now = strtoll(strsep(&arguments, " "), NULL, 10);
    const char *endpoint = strsep(&arguments, " ");
    /* a copy of exactly its size, so that the sanitizer sees what is read behind it */
    char *header = arguments != NULL ? strdup(arguments) : NULL;
    esp_err_t err = hr_auth_check(&auth, endpoint, header, now, module, &report);
    free(header);
    if (err == ESP_OK) {
        hr_sha256_to_text(module, digits);
    }
    print_result(err, &report, digits);
}

static void check_module(char *arguments)
{
    hr_report_t report;
    hr_image_t image;
    uint32_t floor = strtoul(strsep(&arguments, " "), NULL, 10);
    size_t size = strlen(arguments) / 2;
    uint8_t *elf = malloc(size);
    parse(elf, arguments);
    esp_err_t err = hr_image_open(&image, elf, size, &report);
    if (err == ESP_OK) {
        err = hr_image_mac_check(&image, key, floor, &report);
    }
    free(elf);
    print_result(err, &report, "");
}

static const char *next_header(char **arguments)
{
    const char *value = strsep(arguments, " ");
    return strcmp(value, "-") == 0 ? NULL : value;
}

static void check_origin(char *arguments)
{
    const char *origin = next_header(&arguments);
    const char *host = next_header(&arguments);
    const char *site = next_header(&arguments);
    const char *trusted = next_header(&arguments);
    printf("%s \n", hr_auth_may_from(origin, host, site, trusted != NULL ? trusted : "") ? "yes" : "no");
    fflush(stdout);
}

int main(int count, char **arguments)
{
    static char line[LINE_SIZE];
    hr_report_t report;
    if (count != 5) {
        return 2;
    }
    parse(key, arguments[1]);
    parse(device.bytes, arguments[2]);
    lifetime = strtoll(arguments[4], NULL, 10);
    print_result(start(arguments[3], &report), &report, auth.key_id);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *rest = line;
        line[strcspn(line, "\n")] = 0;
        const char *step = strsep(&rest, " ");
        if (strcmp(step, "issue") == 0) {
            issue(rest);
        } else if (strcmp(step, "check") == 0) {
            check(rest);
        } else if (strcmp(step, "module") == 0) {
            check_module(rest);
        } else if (strcmp(step, "origin") == 0) {
            check_origin(rest);
        } else {
            print_result(start(rest, &report), &report, auth.key_id);
        }
    }
    return 0;
}
