/* The menu of Unity reads its lines here (CMakeLists.txt wraps its function). ESP-IDF's own asks the
 * UART again and again until there is a line: nothing of a lower priority runs meanwhile on this
 * core, the idle task neither, about which the task watchdog complains. */
#include <stdio.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "unity.h"

void __wrap_unity_gets(char *line, size_t size);

/* Waits for a character. Without a driver for its UART the console has one at once or none. */
static int read_character(void)
{
    int character;
    while ((character = getchar()) == EOF) {
        clearerr(stdin);
        vTaskDelay(1);
    }
    return character;
}

static void echo(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

/* A line without its end, of which what is too long is left out. */
void __wrap_unity_gets(char *line, size_t size)
{
    size_t length = 0;
    int character;
    while ((character = read_character()) != '\n' && character != '\r') {
        if (character == '\b' && length > 0) {
            length--;
            echo("\b \b");
        } else if (character >= ' ' && character <= '~' && length + 1 < size) {
            line[length++] = (char)character;
            echo((const char[]) {(char)character, '\0'});
        }
    }
    line[length] = '\0';
    echo("\n");
}
