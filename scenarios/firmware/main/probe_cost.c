/* What a load costs: cycles of the processor and bytes of the heaps. */
#include <stdio.h>
#include <stdlib.h>

#include "esp_cpu.h"
#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "probe.h"
#include "reloadable_util.h"

/* a symbol table as the build generates one, for functions `export_0000` and so on, of as many digits
 * as are wanted, each of which returns its number */
typedef struct {
    uint32_t *addresses;
    const char **names; /* NULL-terminated */
    char *texts;
    size_t count;
} table_t;

typedef struct {
    uint32_t exec;
    uint32_t data;
} free_bytes_t;

typedef struct {
    esp_err_t error;
    uint32_t cycles;
    free_bytes_t before;
    free_bytes_t loaded;
    free_bytes_t after;
    uint32_t wrong; /* functions that did not return their number */
} cost_t;

static bool table_make(table_t *table, size_t count, size_t digits)
{
    table->count = count;
    table->addresses = calloc(count + 1, sizeof(*table->addresses));
    table->names = calloc(count + 1, sizeof(*table->names));
    size_t size = sizeof("export_") + digits;
    table->texts = calloc(count + 1, size);
    if (table->addresses == NULL || table->names == NULL || table->texts == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = table->texts + i * size;
        snprintf(name, size, "export_%0*u", (int)digits, (unsigned)i);
        table->names[i] = name;
    }
    return true;
}

static void table_free(table_t *table)
{
    free(table->addresses);
    free(table->names);
    free(table->texts);
}

static free_bytes_t free_bytes(void)
{
    return (free_bytes_t) {
        .exec = heap_caps_get_free_size(MALLOC_CAP_EXEC),
        .data = heap_caps_get_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL),
    };
}

static uint32_t wrong_numbers(const table_t *table)
{
    uint32_t wrong = 0;
    for (size_t i = 0; i < table->count; i++) {
        wrong += ((uint32_t (*)(void))(uintptr_t)table->addresses[i])() != i;
    }
    return wrong;
}

static esp_err_t load(const void *elf, size_t size, const table_t *table)
{
    if (elf != NULL) {
        return hotreload_load_from_buffer(elf, size, table->addresses, table->names,
                                          table->count);
    }
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.symbol_table = table->addresses;
    config.symbol_names = table->names;
    config.symbol_count = table->count;
    return hotreload_load(&config);
}

static cost_t measure(const void *elf, size_t size, const table_t *table)
{
    cost_t cost = {.before = free_bytes()};
    uint32_t start = esp_cpu_get_cycle_count();
    cost.error = load(elf, size, table);
    cost.cycles = esp_cpu_get_cycle_count() - start;
    cost.loaded = free_bytes();
    if (cost.error == ESP_OK) {
        cost.wrong = wrong_numbers(table);
        probe_unload();
    }
    cost.after = free_bytes();
    return cost;
}

static esp_err_t send_cost(httpd_req_t *request, const cost_t *cost)
{
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply,
                              "{\"error\":\"%s\",\"cycles\":%lu,\"wrong\":%lu,\"exec\":%ld,\"data\":%ld,"
                              "\"exec_left\":%ld,\"data_left\":%ld}",
                              hotreload_err_to_name(cost->error), (unsigned long)cost->cycles,
                              (unsigned long)cost->wrong, (long)(cost->before.exec - cost->loaded.exec),
                              (long)(cost->before.data - cost->loaded.data),
                              (long)(cost->before.exec - cost->after.exec),
                              (long)(cost->before.data - cost->after.data));
    return hotreload_probe_reply_send(request, &reply);
}

/* exports=.. digits=..: loads the body, or without one what the partition has, instead of the module that
 * is loaded, and unloads it again */
esp_err_t probe_handle_cost(httpd_req_t *request)
{
    size_t size = request->content_len;
    void *elf = size > 0 ? probe_receive_body(request, 0) : NULL;
    table_t table;
    cost_t cost = {.error = ESP_ERR_NO_MEM};
    probe_unload();
    if (table_make(&table, hotreload_probe_query_number(request, "exports", 0),
                   hotreload_probe_query_number(request, "digits", 4))
        && (elf != NULL || size == 0)) {
        cost = measure(elf, size, &table);
    }
    table_free(&table);
    free(elf);
    return send_cost(request, &cost);
}
