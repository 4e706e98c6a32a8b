/* Tests of the loader, run from the menu on the console. Each starts and ends with the module of
 * the flash partition loaded. */
#include <stdlib.h>
#include <string.h>

#include "esp_partition.h"
#include "hotreload.h"
#include "reload_hooks.h"
#include "reloadable.h"
#include "reloadable_util.h"
#include "unity.h"

#define MAX_EVENTS 8

/* Behind the record with which `flash` writes a module (README.md of the component, "The flash
 * partition"). */
#define MODULE_OFFSET 128

/* Copies the module that was flashed with the application: the first bytes of its partition, more
 * than it has. */
static void *read_module(size_t *size)
{
    const esp_partition_t *partition = esp_partition_find_first(
        ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, HOTRELOAD_PARTITION_DEFAULT);
    TEST_ASSERT_NOT_NULL(partition);
    *size = 16 * 1024;
    void *data = malloc(*size);
    TEST_ASSERT_NOT_NULL(data);
    TEST_ASSERT_EQUAL(ESP_OK, esp_partition_read(partition, MODULE_OFFSET, data, *size));
    return data;
}

TEST_CASE("math functions return their results", "[basic]")
{
    TEST_ASSERT_EQUAL_INT32(5, reloadable_add(2, 3));
    TEST_ASSERT_EQUAL_INT32(-1, reloadable_add(INT32_MAX, INT32_MIN));
    TEST_ASSERT_TRUE(reloadable_multiply(5000000000LL, -3) == -15000000000LL);
    const reloadable_division_t result = reloadable_divide(-17, 5);
    TEST_ASSERT_EQUAL_INT32(-3, result.quotient);
    TEST_ASSERT_EQUAL_INT32(-2, result.remainder);
    TEST_ASSERT_TRUE(reloadable_average(4, 1.0, 2.0, 3.0, 8.0) == 3.5);
}

TEST_CASE("greeting functions use text and data of the module", "[basic]")
{
    char greeting[16];
    TEST_ASSERT_EQUAL(5, reloadable_greeting(greeting, sizeof(greeting)));
    TEST_ASSERT_EQUAL_STRING("Hello", greeting);
    const uint32_t before = reloadable_greeted();
    reloadable_greet("Unity");
    TEST_ASSERT_EQUAL_UINT32(before + 1, reloadable_greeted());
}

TEST_CASE("the table names every exported function", "[basic]")
{
    size_t count = 0;
    while (hotreload_symbol_names[count] != NULL) {
        TEST_ASSERT_NOT_EQUAL(0, hotreload_symbol_table[count]);
        count++;
    }
    TEST_ASSERT_EQUAL(count, hotreload_symbol_count);
    TEST_ASSERT_EQUAL(7, count);
}

TEST_CASE("a second load is refused", "[basic]")
{
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, HOTRELOAD_LOAD_DEFAULT());
    TEST_ASSERT_EQUAL_INT32(5, reloadable_add(2, 3));
}

TEST_CASE("an unloaded module returns nothing, a loaded one starts afresh", "[basic]")
{
    reloadable_greet("the first");
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_unload());
    TEST_ASSERT_EQUAL(ESP_ERR_INVALID_STATE, hotreload_unload());
    TEST_ASSERT_EQUAL_INT32(0, reloadable_add(2, 3));
    TEST_ASSERT_EQUAL(0, reloadable_greeting(NULL, 0));
    TEST_ASSERT_EQUAL(ESP_OK, HOTRELOAD_LOAD_DEFAULT());
    TEST_ASSERT_EQUAL_INT32(5, reloadable_add(2, 3));
    TEST_ASSERT_EQUAL_UINT32(0, reloadable_greeted());
}

TEST_CASE("a module is loaded from RAM", "[basic]")
{
    size_t size;
    void *data = read_module(&size);
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_unload());
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_load_from_buffer(data, size, hotreload_symbol_table,
                                                         hotreload_symbol_names,
                                                         hotreload_symbol_count));
    memset(data, 0xff, size);
    free(data);
    TEST_ASSERT_EQUAL_INT32(5, reloadable_add(2, 3));
    char greeting[16];
    TEST_ASSERT_EQUAL(5, reloadable_greeting(greeting, sizeof(greeting)));
    TEST_ASSERT_EQUAL_STRING("Hello", greeting);
}

TEST_CASE("a broken module is refused and the loaded one goes on", "[basic]")
{
    static const char text[256] = "this is no ELF file";
    reloadable_greet("the survivor");
    const uint32_t greeted = reloadable_greeted();
    TEST_ASSERT_EQUAL(HOTRELOAD_ERR_MAGIC,
                      hotreload_load_from_buffer(text, sizeof(text), hotreload_symbol_table,
                                                 hotreload_symbol_names, hotreload_symbol_count));
    TEST_ASSERT_EQUAL_UINT32(greeted, reloadable_greeted());
}

/* The hooks of the next test note what they are called with and what the module answers. */
static struct {
    const char *names[MAX_EVENTS];
    uint32_t greeted[MAX_EVENTS];
    size_t count;
} events;

static void note(void *context)
{
    if (events.count < MAX_EVENTS) {
        events.names[events.count] = context;
        events.greeted[events.count] = reloadable_greeted();
        events.count++;
    }
}

TEST_CASE("hooks run around the switch, pre hooks in reverse order", "[basic]")
{
    static char pre_1[] = "pre 1", pre_2[] = "pre 2", post_1[] = "post 1", post_2[] = "post 2";
    const char *const expected[] = {pre_2, pre_1, post_1, post_2};
    memset(&events, 0, sizeof(events));

    TEST_ASSERT_EQUAL(ESP_OK, hotreload_register_pre_hook(note, pre_1));
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_register_pre_hook(note, pre_2));
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_register_pre_hook(note, pre_1));
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_register_post_hook(note, post_1));
    TEST_ASSERT_EQUAL(ESP_OK, hotreload_register_post_hook(note, post_2));
    reloadable_greet("the old module");
    const uint32_t greeted = reloadable_greeted();
    const esp_err_t err = HOTRELOAD_RELOAD_DEFAULT();

    /* NULL removes all of a kind, those of the application, too */
    hotreload_register_pre_hook(NULL, NULL);
    hotreload_register_post_hook(NULL, NULL);
    TEST_ASSERT_EQUAL(ESP_OK, reload_hooks_register());

    TEST_ASSERT_EQUAL(ESP_OK, err);
    TEST_ASSERT_EQUAL(4, events.count);
    for (size_t i = 0; i < 4; i++) {
        TEST_ASSERT_EQUAL_STRING(expected[i], events.names[i]);
        TEST_ASSERT_EQUAL_UINT32(i < 2 ? greeted : 0, events.greeted[i]);
    }
}
