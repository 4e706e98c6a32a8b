// Event loops. The loops here have no task: events are handled when the check says so.
// SPDX-License-Identifier: MIT
#include <string.h>

#include "check.h"
#include "esp_event.h"

// with none, one event is handled, in ESP-IDF too
#define RUN_TICKS 2

ESP_EVENT_DEFINE_BASE(FRUIT);
ESP_EVENT_DEFINE_BASE(STONE);

typedef struct {
    char calls[32]; // one letter per call
} journal_t;

static void note(journal_t *journal, char letter)
{
    size_t length = strlen(journal->calls);
    if (length + 1 < sizeof(journal->calls)) {
        journal->calls[length] = letter;
        journal->calls[length + 1] = '\0';
    }
}

static void on_a(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    note(argument, 'a');
}

static void on_b(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    (void)data;
    note(argument, 'b');
}

static void on_any(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)id;
    (void)data;
    note(argument, base == FRUIT ? 'F' : 'S');
}

// notes the text that came with the event
static void on_data(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    (void)base;
    (void)id;
    for (const char *text = data; text && *text; text++) {
        note(argument, *text);
    }
}

static esp_event_loop_handle_t new_loop(int32_t size)
{
    const esp_event_loop_args_t args = {.queue_size = size};
    esp_event_loop_handle_t loop = NULL;

    return esp_event_loop_create(&args, &loop) == ESP_OK ? loop : NULL;
}

bool check_event_handlers(const check_t *check)
{
    journal_t journal = {0};
    journal_t other = {0};
    esp_event_loop_handle_t loop = new_loop(8);
    esp_event_handler_instance_t first;
    esp_event_handler_instance_t second;

    CHECK(loop);
    // called in the order of registration, from the most general to the most special or not
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(loop, FRUIT, 1, on_a, &journal));
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(loop, ESP_EVENT_ANY_BASE, ESP_EVENT_ANY_ID, on_any, &journal));
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(loop, FRUIT, ESP_EVENT_ANY_ID, on_b, &journal));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 2, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, STONE, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(loop, RUN_TICKS));
    CHECK_EQUAL(0, strcmp("aFbFbS", journal.calls));

    // the same function again only changes the argument
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(loop, FRUIT, 1, on_a, &other));
    CHECK_EQUAL(ESP_OK, esp_event_handler_unregister_with(loop, ESP_EVENT_ANY_BASE, ESP_EVENT_ANY_ID, on_any));
    CHECK_EQUAL(ESP_OK, esp_event_handler_unregister_with(loop, FRUIT, ESP_EVENT_ANY_ID, on_b));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(loop, RUN_TICKS));
    CHECK_EQUAL(0, strcmp("a", other.calls));
    CHECK_EQUAL(0, strcmp("aFbFbS", journal.calls));

    // instances are as many as were registered, and end one by one
    memset(&journal, 0, sizeof(journal));
    CHECK_EQUAL(ESP_OK, esp_event_handler_instance_register_with(loop, STONE, 5, on_a, &journal, &first));
    CHECK_EQUAL(ESP_OK, esp_event_handler_instance_register_with(loop, STONE, 5, on_a, &journal, &second));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, STONE, 5, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(loop, RUN_TICKS));
    CHECK_EQUAL(ESP_OK, esp_event_handler_instance_unregister_with(loop, STONE, 5, first));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, STONE, 5, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(loop, RUN_TICKS));
    CHECK_EQUAL(0, strcmp("aaa", journal.calls));
    CHECK_EQUAL(ESP_OK, esp_event_loop_delete(loop));
    return true;
}

bool check_event_loops(const check_t *check)
{
    journal_t journal = {0};
    char text[] = "xyz";
    esp_event_loop_handle_t loop = new_loop(2);

    CHECK(loop);
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, esp_event_handler_register_with(loop, ESP_EVENT_ANY_BASE, 1, on_a, NULL));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, esp_event_post_to(loop, ESP_EVENT_ANY_BASE, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_ERR_INVALID_ARG, esp_event_post_to(loop, FRUIT, ESP_EVENT_ANY_ID, NULL, 0, 0));
    CHECK_EQUAL(ESP_ERR_INVALID_STATE, esp_event_loop_create_default());

    // the data is a copy, and a full queue is an error
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(loop, FRUIT, 1, on_data, &journal));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 1, text, sizeof(text), 0));
    memset(text, '!', sizeof(text));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_ERR_TIMEOUT, esp_event_post_to(loop, FRUIT, 1, text, sizeof(text), 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(loop, RUN_TICKS));
    CHECK_EQUAL(0, strcmp("xyz", journal.calls));

    // deleted with an event in it: its data is freed, which test_no_leak sees
    CHECK_EQUAL(ESP_OK, esp_event_post_to(loop, FRUIT, 1, text, sizeof(text), 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_delete(loop));
    return true;
}

typedef struct {
    esp_event_loop_handle_t loop;
    journal_t journal;
} changing_t;

static void on_leaving(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    changing_t *changing = argument;

    (void)data;
    note(&changing->journal, 'l');
    esp_event_handler_unregister_with(changing->loop, base, id, on_leaving);
    esp_event_handler_unregister_with(changing->loop, base, id, on_a);
    esp_event_handler_register_with(changing->loop, base, id, on_b, &changing->journal);
}

typedef struct {
    esp_event_loop_handle_t loop;
    esp_err_t first;
    esp_err_t second;
} poster_t;

static void on_post(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    poster_t *poster = argument;

    (void)id;
    (void)data;
    poster->first = esp_event_post_to(poster->loop, base, 2, NULL, 0, portMAX_DELAY);
    poster->second = esp_event_post_to(poster->loop, base, 2, NULL, 0, portMAX_DELAY);
}

// a handler fills the queue that nobody but its own task empties: it is told at once
bool check_event_posts_in_handlers(const check_t *check)
{
    poster_t poster = {.loop = new_loop(1), .first = ESP_FAIL};

    CHECK(poster.loop);
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(poster.loop, FRUIT, -2, on_post, &poster));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(poster.loop, FRUIT, -2, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(poster.loop, RUN_TICKS));
    CHECK_EQUAL(ESP_OK, poster.first);
    CHECK_EQUAL(ESP_ERR_TIMEOUT, poster.second);
    CHECK_EQUAL(ESP_OK, esp_event_loop_delete(poster.loop));

    const esp_event_loop_args_t args = {
        .queue_size = 1, .task_name = "poster", .task_stack_size = 4096, .task_priority = 20};
    poster = (poster_t){.first = ESP_FAIL};
    CHECK_EQUAL(ESP_OK, esp_event_loop_create(&args, &poster.loop));
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(poster.loop, FRUIT, 1, on_post, &poster));
    // the task comes before this one
    CHECK_EQUAL(ESP_OK, esp_event_post_to(poster.loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, poster.first);
    CHECK_EQUAL(ESP_ERR_TIMEOUT, poster.second);
    CHECK_EQUAL(ESP_OK, esp_event_loop_delete(poster.loop));
    return true;
}

bool check_event_changes_in_handlers(const check_t *check)
{
    changing_t changing = {.loop = new_loop(4)};

    CHECK(changing.loop);
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(changing.loop, FRUIT, 1, on_leaving, &changing));
    CHECK_EQUAL(ESP_OK, esp_event_handler_register_with(changing.loop, FRUIT, 1, on_a, &changing.journal));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(changing.loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_post_to(changing.loop, FRUIT, 1, NULL, 0, 0));
    CHECK_EQUAL(ESP_OK, esp_event_loop_run(changing.loop, RUN_TICKS));
    // one that was unregistered before its turn is not called any more, one that came is
    CHECK_EQUAL(0, strcmp("lbb", changing.journal.calls));
    CHECK_EQUAL(ESP_OK, esp_event_loop_delete(changing.loop));
    return true;
}
