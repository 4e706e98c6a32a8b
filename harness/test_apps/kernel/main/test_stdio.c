/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "unity.h"

#define LINES 60

typedef struct {
    char letter;
    bool by_write;
    SemaphoreHandle_t done;
} writer_t;

static void write_lines(void *arg)
{
    writer_t *self = arg;
    char line[100];
    memset(line, self->letter, sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (int i = 0; i < LINES; i++) {
        if (self->by_write) {
            line[sizeof(line) - 1] = '\n';
            write(STDOUT_FILENO, line, sizeof(line));
        } else {
            printf("%s\n", line);
        }
        if (i % 8 == 0) {
            vTaskDelay(1);
        }
    }
    xSemaphoreGive(self->done);
    vTaskDelete(NULL);
}

TEST_CASE("write lines from several tasks", "[stdio][ignore]")
{
    SemaphoreHandle_t done = xSemaphoreCreateCounting(4, 0);
    writer_t writers[4];
    fflush(stdout);
    for (int i = 0; i < 4; i++) {
        writers[i] = (writer_t){(char)('a' + i), i % 2 == 1, done};
        xTaskCreate(write_lines, "write", 4096, &writers[i], 2 + i, NULL);
    }
    for (int i = 0; i < 4; i++) {
        xSemaphoreTake(done, portMAX_DELAY);
    }
    vTaskDelay(1);
    vSemaphoreDelete(done);
    printf("all lines written\n");
}

static void read_line(char *line, size_t size)
{
    for (size_t length = 0; length + 1 < size;) {
        int c = getchar();
        if (c == '\n') {
            line[length] = '\0';
            return;
        }
        if (c != EOF) {
            line[length++] = (char)c;
            continue;
        }
        clearerr(stdin);
        vTaskDelay(1);
    }
    TEST_FAIL_MESSAGE("the line is too long");
}

TEST_CASE("echo what is typed", "[stdio][ignore]")
{
    char line[2100];
    printf("type\n");
    vTaskDelay(20); /* more comes meanwhile than the receiver's buffer holds */
    read_line(line, sizeof(line));
    unsigned sum = 0;
    for (const char *c = line; *c; c++) {
        sum = sum * 31 + (unsigned char)*c;
    }
    printf("got %u bytes, sum %u\n", (unsigned)strlen(line), sum);
}

TEST_CASE("reading does not wait", "[stdio]")
{
    char c;
    int flags = fcntl(STDIN_FILENO, F_GETFL, 0);
    /* ESP-IDF's console takes the wish to wait and has no driver that could */
    TEST_ASSERT_EQUAL(0, fcntl(STDIN_FILENO, F_SETFL, flags & ~O_NONBLOCK));
    /* there may be a line end of the menu's input */
    while (read(STDIN_FILENO, &c, 1) == 1) {
    }
    TEST_ASSERT_EQUAL(-1, read(STDIN_FILENO, &c, 1));
    TEST_ASSERT_EQUAL(EWOULDBLOCK, errno);
    TEST_ASSERT_EQUAL(-1, write(77, "x", 1));
    TEST_ASSERT_NULL(fopen("/no/such/file", "r"));
}
