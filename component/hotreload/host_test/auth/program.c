/* SPDX-License-Identifier: MIT */
/* Checks requests on the host. Each line of the input is one step, answered by one line:

       issue TIME
       check TIME METHOD ENDPOINT LENGTH [HEADER]
       body WANTED [PIECE...]                          in hexadecimal digits
       restart RANDOM

   The program's arguments are key, random bytes and lifetime. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hotreload.h"
#include "server/hr_auth.h"

#define LINE_SIZE 8192

const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

static uint8_t key[HR_AUTH_KEY_SIZE];
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
    return hr_auth_init(&auth, key, random, lifetime, report);
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
    hr_auth_body_t body;
    char digits[2 * HR_SHA256_SIZE + 1];
    int64_t now = strtoll(strsep(&arguments, " "), NULL, 10);
    hr_auth_request_t request = {.method = strsep(&arguments, " ")};
    request.endpoint = strsep(&arguments, " ");
    request.length = strtoul(strsep(&arguments, " "), NULL, 10);
    /* a copy of exactly its size, so that the sanitizer sees what is read behind it */
    char *header = arguments != NULL ? strdup(arguments) : NULL;
    request.authorization = header;
    esp_err_t err = hr_auth_check(&auth, &request, now, &body, &report);
    free(header);
    for (size_t i = 0; err == ESP_OK && i < sizeof(body.wanted); i++) {
        sprintf(digits + 2 * i, "%02x", body.wanted[i]);
    }
    print_result(err, &report, digits);
}

static void follow_body(char *arguments)
{
    hr_report_t report;
    hr_auth_body_t body;
    uint8_t bytes[LINE_SIZE / 2];
    parse(body.wanted, strsep(&arguments, " "));
    esp_err_t err = hr_auth_body_begin(&body, &report);
    while (err == ESP_OK && arguments != NULL) {
        size_t size = parse(bytes, strsep(&arguments, " "));
        err = hr_auth_body_add(&body, bytes, size, &report);
    }
    if (err == ESP_OK) {
        err = hr_auth_body_end(&body, &report);
    }
    print_result(err, &report, "");
}

int main(int count, char **arguments)
{
    hr_report_t report;
    char line[LINE_SIZE];
    if (count != 4) {
        return 2;
    }
    parse(key, arguments[1]);
    lifetime = strtoll(arguments[3], NULL, 10);
    if (start(arguments[2], &report) != ESP_OK) {
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *rest = line;
        line[strcspn(line, "\n")] = 0;
        const char *step = strsep(&rest, " ");
        if (strcmp(step, "issue") == 0) {
            issue(rest);
        } else if (strcmp(step, "check") == 0) {
            check(rest);
        } else if (strcmp(step, "body") == 0) {
            follow_body(rest);
        } else {
            print_result(start(rest, &report), &report, "");
        }
    }
    return 0;
}
