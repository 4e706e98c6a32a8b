/* Loads a module from RAM again and again, each time with a change in it. */
#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "probe.h"

#define NAMES_SIZE 128
#define NAMES_MAX 8
/* for what the network's own task allocates and frees meanwhile */
#define SETTLE_TICKS 20

/* one change: the module as it is but for `length` bytes at `at`, which follow, padded to words; and
 * `size` bytes of that */
typedef struct {
    uint32_t size;
    uint32_t at;
    uint32_t length;
} change_t;

typedef struct {
    char text[NAMES_SIZE];
    const char *names[NAMES_MAX + 1];
    uint32_t addresses[NAMES_MAX];
    size_t count;
} table_t;

typedef struct {
    const uint8_t *base;
    uint32_t base_size;
    const uint8_t *changes;
    const uint8_t *end;
} request_t;

static table_t table;

static void table_make(httpd_req_t *request)
{
    memset(&table, 0, sizeof(table));
    hotreload_probe_query_text(request, "exports", table.text, sizeof(table.text));
    for (char *name = strtok(table.text, ","); name != NULL; name = strtok(NULL, ",")) {
        table.names[table.count++] = name;
    }
}

static esp_err_t load(const void *elf, size_t size)
{
    return hotreload_load_from_buffer(elf, size, table.addresses, table.names, table.count);
}

static int blocks(void)
{
    multi_heap_info_t data;
    multi_heap_info_t exec;
    heap_caps_get_info(&data, MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL);
    heap_caps_get_info(&exec, MALLOC_CAP_EXEC);
    return (int)(data.allocated_blocks + exec.allocated_blocks);
}

static int blocks_more_than(int before)
{
    int more = blocks() - before;
    for (int i = 0; more > 0 && i < SETTLE_TICKS; i++) {
        vTaskDelay(1);
        more = blocks() - before;
    }
    return more;
}

/* at any alignment, in a block that ends with it */
static esp_err_t load_changed(const request_t *request, const change_t *change, const uint8_t *with)
{
    uint32_t room = change->size > request->base_size ? change->size : request->base_size;
    uint32_t shift = change->at % 4;
    uint8_t *elf = calloc(1, room);
    uint8_t *cut = malloc(shift + change->size + 1);
    esp_err_t err = ESP_FAIL;
    if (elf != NULL && cut != NULL) {
        memcpy(elf, request->base, request->base_size);
        memcpy(elf + change->at, with, change->length);
        memcpy(cut + shift, elf, change->size);
        err = load(cut + shift, change->size);
    }
    free(elf);
    free(cut);
    return err;
}

/* Up to the first change with which the module loads; it stays, for somebody to look at it. What is
 * refused leaves the module that was there, and the heap as it was. */
static void load_each(const request_t *request, hotreload_probe_reply_t *reply)
{
    uint32_t entry = table.addresses[0];
    int before = blocks();
    const uint8_t *at = request->changes;
    esp_err_t err = ESP_FAIL;
    while (err != ESP_OK && at < request->end) {
        change_t change;
        memcpy(&change, at, sizeof(change));
        at += sizeof(change);
        err = load_changed(request, &change, at);
        at += (change.length + 3) & ~3u;
        hotreload_probe_reply_add(reply, "[\"%s\",%d,%d],", hotreload_err_to_name(err),
                                  err == ESP_OK ? 0 : blocks_more_than(before),
                                  err != ESP_OK && table.addresses[0] != entry);
    }
}

/* exports=a,b: the body is the size of a module, the module, and changes. All are loaded beside the
 * module as it is, which replaces what was loaded before. Of each the answer has the error, how many
 * more blocks of the heap are in use, and whether the module before is gone. */
esp_err_t probe_handle_malformed(httpd_req_t *http)
{
    hotreload_probe_reply_t reply = {0};
    uint8_t *body = probe_receive_body(http, 0);
    if (body == NULL) {
        return hotreload_probe_send_result(http, ESP_ERR_NO_MEM);
    }
    request_t request = {.base = body + sizeof(uint32_t), .end = body + http->content_len};
    memcpy(&request.base_size, body, sizeof(uint32_t));
    request.changes = request.base + ((request.base_size + 3) & ~3u);
    probe_unload();
    table_make(http);
    hotreload_probe_reply_add(&reply, "{\"base\":\"%s\",\"blocks\":%d,\"loads\":[",
                              hotreload_err_to_name(load(request.base, request.base_size)), blocks());
    load_each(&request, &reply);
    hotreload_probe_reply_add(&reply, "[\"\",0,0]]}"); /* where the list ends */
    free(body);
    return hotreload_probe_reply_send(http, &reply);
}
