/* SPDX-License-Identifier: MIT */
/* Runs the component on the host: each argument is one step, in order. The steps print what
   happened, one line each; the tests read that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "events.h"
#include "flash.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "http.h"
#include "elf/hr_identity.h"
#include "module/hr_module.h"
#include "server/hr_answer.h"
#include "server/hr_multipart.h"
#include "module/hr_retire.h"
#include "arch/hr_hold.h"
#include "arch/hr_stack.h"
#include "flash/hr_pending.h"
#include "port/hr_run.h"
#include "flash/hr_starts.h"
#include "flash/hr_store.h"
#include "module/hr_unloaded.h"
#include "lifecycle/hr_overview.h"
#include "lifecycle/hr_trial.h"
#include "lifecycle/hr_update.h"
#include "memory.h"
#include "reboot.h"
#include "tasks.h"

#define NAMES_MAX 4096
#define HOOKS 12

static const char *names[NAMES_MAX + 1];
static size_t name_count;
static uint32_t tables[2][NAMES_MAX];
static uint32_t *table = tables[0];
static uint32_t text_address = 0x400a0000;
static uint32_t data_address = 0x3ffb0000;

typedef struct {
    uint8_t *data;
    size_t size;
} file_t;

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", what, name);
    exit(2);
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 0);
}

/* `a,b` */
static const char *second(const char *text)
{
    const char *comma = strchr(text, ',');
    if (comma == NULL) {
        fail("two values needed", text);
    }
    return comma + 1;
}

/* A block of exactly the file's size, so that the sanitizer sees every byte read behind it. */
static file_t read_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fail("cannot read", path);
    }
    fseek(stream, 0, SEEK_END);
    file_t file = {.size = (size_t)ftell(stream)};
    rewind(stream);
    file.data = malloc(file.size > 0 ? file.size : 1);
    if (fread(file.data, 1, file.size, stream) != file.size) {
        fail("cannot read", path);
    }
    fclose(stream);
    return file;
}

static void print_result(const char *step, esp_err_t err, const hr_report_t *report)
{
    printf("%s: %s %s\n", step, hotreload_err_to_name(err),
           err != ESP_OK && report != NULL ? report->message : "");
}

static void set_names(char *list)
{
    name_count = 0;
    for (char *name = strtok(list, ","); name != NULL; name = strtok(NULL, ",")) {
        if (name_count == NAMES_MAX) {
            fail("too many names", name);
        }
        names[name_count] = name;
        table[name_count++] = (uint32_t)(uintptr_t)hotreload_unloaded_stub;
    }
    names[name_count] = NULL;
}

static void print_image(const hr_placement_t *placement)
{
    for (uint32_t i = 0; i < placement->count; i++) {
        const hr_placed_t *segment = &placement->segments[i];
        printf("image 0x%08" PRIx32 " ", segment->run);
        for (uint32_t at = 0; at < segment->size; at++) {
            printf("%02x", segment->memory[at]);
        }
        printf("\n");
    }
}

/* Check and stage a file, print what is in memory, free it. */
static void load_file(const char *path)
{
    file_t file = read_file(path);
    hr_image_t image;
    hr_report_t report;
    const hr_target_t target = {table, {names, name_count}};
    hr_module_t *module = hr_module_create(&target);
    esp_err_t err = hr_module_check(&image, file.data, file.size, &target.exports,
                                    module->addresses, &report);
    if (err == ESP_OK) {
        err = hr_module_stage(module, 1, &image, memory_at(text_address, data_address), &report);
    }
    if (err == ESP_OK && !memory_is_complete()) {
        fail("written to after it was complete", path);
    }
    if (err == ESP_OK) {
        for (size_t i = 0; i < name_count; i++) {
            printf("symbol %s 0x%08" PRIx32 "\n", names[i], module->addresses[i]);
        }
        print_image(&module->placement);
        hr_module_free(module);
    }
    free(module);
    free(file.data);
    print_result("load", err, &report);
}

static esp_err_t collect(void *context, const void *data, size_t size)
{
    file_t *file = context;
    file->data = realloc(file->data, file->size + size + 1);
    memcpy(file->data + file->size, data, size);
    file->size += size;
    return ESP_OK;
}

static esp_err_t parse(const char *content_type, const file_t *body, size_t first, size_t step,
                       file_t *out, hr_report_t *report)
{
    hr_multipart_t parser;
    *out = (file_t) {0};
    esp_err_t err = hr_multipart_begin(&parser, content_type, collect, out, report);
    for (size_t at = 0; err == ESP_OK && at < body->size;) {
        size_t size = at == 0 ? first : step;
        size = size < body->size - at ? size : body->size - at;
        uint8_t *piece = malloc(size + 1);
        memcpy(piece, body->data + at, size);
        err = hr_multipart_feed(&parser, piece, size, report);
        free(piece);
        at += size;
    }
    return err != ESP_OK ? err : hr_multipart_end(&parser, report);
}

/* Whole, byte by byte, and cut in two at every position: always the same. */
static void parse_multipart(const char *content_type, const char *path)
{
    file_t body = read_file(path);
    file_t whole;
    hr_report_t report;
    esp_err_t expected = parse(content_type, &body, body.size, body.size, &whole, &report);
    for (size_t first = 1; first <= body.size; first++) {
        file_t out;
        hr_report_t other;
        size_t step = first == body.size ? 1 : body.size; /* the last round: byte by byte */
        size_t start = first == body.size ? 1 : first;
        esp_err_t err = parse(content_type, &body, start, step, &out, &other);
        if (err != expected || out.size != whole.size
            || (out.size > 0 && memcmp(out.data, whole.data, out.size) != 0)) {
            printf("multipart: differs when cut at %zu\n", first);
            exit(1);
        }
        free(out.data);
    }
    printf("content ");
    for (size_t i = 0; i < whole.size; i++) {
        printf("%02x", whole.data[i]);
    }
    printf("\n");
    free(whole.data);
    free(body.data);
    print_result("multipart", expected, &report);
}

static void print_hash(const char *start, const uint8_t *hash)
{
    printf("%s", start);
    for (size_t i = 0; i < HR_SHA256_SIZE; i++) {
        printf("%02x", hash[i]);
    }
    printf("\n");
}

static void passed(uint32_t slot, const uint8_t *hash, esp_err_t err, const hr_report_t *report)
{
    (void)hash;
    printf("passed slot=%" PRIu32 " %s %s\n", slot, hotreload_err_to_name(err), report->message);
}

/* What a load would take: the first one of "newest", then those that are left. */
static void print_newest(void)
{
    hr_store_t store;
    hr_candidates_t candidates;
    hr_store_view_t view;
    hr_report_t report;
    esp_err_t err = hr_store_open(&store, "hotreload", &report);
    if (err == ESP_OK) {
        err = hr_candidates_begin(&candidates, &store, &report);
    }
    if (err == ESP_OK) {
        candidates.passed = passed;
        err = hr_candidates_next(&candidates, &view, &report);
    }
    if (err == ESP_OK) {
        hr_report_t unused;
        printf("newest size=%" PRIu32, view.size);
        print_hash(" hash=", view.origin.hash);
        hr_store_unmap(&view);
        if (hr_candidates_next(&candidates, &view, &unused) == ESP_OK) {
            print_hash("previous hash=", view.origin.hash);
            hr_store_unmap(&view);
        }
    }
    print_result("newest", err, &report);
}

static const char *const state_names[] = {
    [HR_SLOT_BLANK] = "blank",         [HR_SLOT_DAMAGED] = "damaged", [HR_SLOT_WRITTEN] = "written",
    [HR_SLOT_CONFIRMED] = "confirmed", [HR_SLOT_BAD] = "bad",         [HR_SLOT_YIELDED] = "yielded",
    [HR_SLOT_OTHER] = "other",
};

static void print_slots(void)
{
    hr_store_t store;
    hr_slot_info_t info[HR_STORE_SLOTS];
    hr_report_t report;
    esp_err_t err = hr_store_open(&store, "hotreload", &report);
    if (err == ESP_OK) {
        err = hr_store_list(&store, info, &report);
    }
    for (uint32_t i = 0; err == ESP_OK && i < HR_STORE_SLOTS; i++) {
        printf("slot %" PRIu32 " %s starts=%" PRIu32 " sequence=%" PRIu32 " size=%" PRIu32
               " newest=%d", info[i].origin.slot, state_names[info[i].state], info[i].starts,
               info[i].sequence, info[i].size, info[i].newest);
        print_hash(" hash=", info[i].origin.hash);
    }
    print_result("slots", err, &report);
}

/* The module that a load would take. */
static esp_err_t find_newest(hr_origin_t *origin, hr_report_t *report)
{
    hr_store_t store;
    hr_candidates_t candidates;
    hr_store_view_t view;
    esp_err_t err = hr_store_open(&store, "hotreload", report);
    if (err == ESP_OK) {
        err = hr_candidates_begin(&candidates, &store, report);
    }
    if (err == ESP_OK) {
        err = hr_candidates_next(&candidates, &view, report);
    }
    if (err == ESP_OK) {
        hr_store_unmap(&view);
        *origin = view.origin;
    }
    return err;
}

/* What is remembered of the newest module, for marks that come late. */
static hr_origin_t remembered;

static void remember(void)
{
    hr_report_t report;
    print_result("remember", find_newest(&remembered, &report), &report);
}

/* `mark`: of the newest one; `mark_remembered`: of the one that remember() has found. */
static void mark(const char *step, const char *kind)
{
    static const struct {
        const char *kind;
        esp_err_t (*function)(const hr_origin_t *origin, hr_report_t *report);
    } kinds[] = {
        {"start", hr_store_mark_start},
        {"confirmed", hr_store_mark_confirmed},
        {"bad", hr_store_mark_bad},
        {"undo", hr_store_undo},
    };
    hr_report_t report;
    hr_origin_t origin = remembered;
    esp_err_t err = strcmp(step, "mark") == 0 ? find_newest(&origin, &report) : ESP_OK;
    for (size_t i = 0; err == ESP_OK && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            print_result(step, kinds[i].function(&origin, &report), &report);
            return;
        }
    }
    print_result(step, err, &report);
}

static void retry(void)
{
    hr_store_t store;
    hr_report_t report;
    esp_err_t err = hr_store_open(&store, "hotreload", &report);
    print_result("store_retry", err == ESP_OK ? hr_store_retry(&store, &report) : err, &report);
}

static hotreload_config_t config(const char *label)
{
    return (hotreload_config_t) {
        .partition_label = label,
        .symbol_table = table,
        .symbol_names = names,
        .symbol_count = name_count,
    };
}

static void load_buffer(const char *path)
{
    file_t file = read_file(path);
    print_result("load_buffer",
                 hotreload_load_from_buffer(file.data, file.size, table, names, name_count), NULL);
    free(file.data);
}

static void update(const char *path)
{
    file_t file = read_file(path);
    print_result("update", hotreload_update_partition("hotreload", file.data, file.size), NULL);
    free(file.data);
}

/* An update as the server makes it from a body that arrives in pieces: `size,path`. */
static void stream(char *value)
{
    hr_update_t *update = calloc(1, sizeof(*update));
    uint8_t *chunk = malloc(HR_UPDATE_CHUNK_SIZE);
    char *path;
    size_t piece = strtoul(value, &path, 0);
    file_t file = read_file(path + 1);
    const hr_exports_t exports = {names, name_count};
    update->flash.chunk = chunk;
    update->flash.chunk_size = HR_UPDATE_CHUNK_SIZE;
    esp_err_t err = hr_update_claim(&update->report);
    if (err == ESP_OK) {
        err = hr_update_begin(update, "hotreload", file.size);
    }
    if (err == ESP_OK) {
        for (size_t at = 0; err == ESP_OK && at < file.size; at += piece) {
            size_t rest = file.size - at;
            err = hr_update_append(update, file.data + at, piece < rest ? piece : rest);
        }
        if (err == ESP_OK) {
            err = hr_update_commit(update, &exports, NULL);
        }
        err = hr_update_end(update, err);
    }
    print_result("stream", err, &update->report);
    free(file.data);
    free(chunk);
    free(update);
}

static void stream_with_bad_arguments(void)
{
    hotreload_update_t *begun = NULL;
    const char *step = "bad stream";
    print_result(step, hotreload_update_begin(NULL, 0, &begun), NULL);
    print_result(step, hotreload_update_begin("", 0, &begun), NULL);
    print_result(step, hotreload_update_begin("hotreload", 0, NULL), NULL);
    print_result(step, hotreload_update_write(NULL, "x", 1), NULL);
    print_result(step, hotreload_update_end(NULL), NULL);
    print_result(step, hotreload_update_abort(NULL), NULL);
    if (hotreload_update_begin("hotreload", 0, &begun) == ESP_OK) {
        print_result(step, hotreload_update_write(begun, NULL, 1), NULL);
        hotreload_update_abort(begun);
    }
}

static const esp_partition_t *a_partition(void)
{
    return esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY,
                                    "hotreload");
}

static hotreload_update_t *streams[2];

/* The public streaming update: `begin=<index>,<size>`, `write=<index>,<first>,<size>,<path>` of a
   file, `end=<index>`, `abort=<index>`. */
static bool run_stream_step(const char *step, char *value)
{
    hotreload_update_t **update = &streams[number(value) % 2];
    if (strcmp(step, "begin") == 0) {
        print_result(step, hotreload_update_begin("hotreload", number(second(value)), update), NULL);
    } else if (strcmp(step, "write") == 0) {
        const char *first = second(value);
        const char *size = second(first);
        file_t file = read_file(second(size));
        size_t rest = file.size - number(first);
        print_result(step, hotreload_update_write(*update, file.data + number(first),
                                                  number(size) < rest ? number(size) : rest),
                     NULL);
        free(file.data);
    } else if (strcmp(step, "end") == 0) {
        print_result(step, hotreload_update_end(*update), NULL);
    } else if (strcmp(step, "abort") == 0) {
        print_result(step, hotreload_update_abort(*update), NULL);
    } else {
        return false;
    }
    return true;
}

static void list(void)
{
    hotreload_slot_t slots[HOTRELOAD_SLOTS];
    size_t count = 0;
    esp_err_t err = hotreload_list("hotreload", slots, &count);
    for (size_t i = 0; i < count; i++) {
        printf("listed %" PRIu32 " state=%d running=%d newest=%d\n", slots[i].slot,
               (int)slots[i].state, slots[i].running, slots[i].newest);
    }
    print_result("list", err, NULL);
}

static bool run_state_step(const char *step, const char *value)
{
    hotreload_config_t given = config("hotreload");
    if (strcmp(step, "confirm") == 0) {
        print_result(step, hotreload_confirm(), NULL);
    } else if (strcmp(step, "rollback") == 0) {
        print_result(step, hotreload_rollback(&given), NULL);
    } else if (strcmp(step, "retry") == 0) {
        print_result(step, hotreload_retry("hotreload"), NULL);
    } else if (strcmp(step, "list") == 0) {
        list();
    } else if (strcmp(step, "confirmed") == 0) {
        printf("confirmed %s\n", hr_trial_is_confirmed() ? "yes" : "no");
    } else if (strcmp(step, "panic") == 0) {
        hr_starts_note_panic(number(value) != 0);
    } else {
        return false;
    }
    return true;
}

static void print_pending(void)
{
    hr_pending_t pending;
    bool is_pending = hr_pending_get(&pending);
    printf("pending %s size=%" PRIu32 "\n", is_pending ? "yes" : "no", pending.size);
}

/* What is done to the flash from outside is done while the device is off: nothing that it has read
   before counts, as with a load to which no update has led. */
static void forget_flash(void)
{
    hr_store_t store;
    hr_candidates_t candidates;
    hr_report_t unused;
    for (int i = 0; i < 2 && hr_store_open(&store, "hotreload", &unused) == ESP_OK; i++) {
        hr_candidates_begin(&candidates, &store, &unused);
    }
}

static void program_raw(uint32_t offset, const char *path)
{
    file_t file = read_file(path);
    flash_program_raw(offset, file.data, (uint32_t)file.size);
    free(file.data);
    forget_flash();
}

/* As often as a task calls that does not care about the result. */
static void call_unloaded(uint32_t times)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < times; i++) {
        hr_unloaded_result_t result = hotreload_unloaded_stub();
        wrong |= result.words[0] | result.words[1] | result.words[2] | result.words[3];
    }
    printf("call_unloaded: 0x%" PRIx32 "\n", wrong);
}

static void print_table(const char *step, const uint32_t *entries)
{
    for (size_t i = 0; i < name_count; i++) {
        const char *where = entries[i] == (uint32_t)(uintptr_t)hotreload_unloaded_stub ? "unloaded"
            : entries[i] == (uint32_t)(uintptr_t)hr_hold_stub ? "held" : "loaded";
        printf("%s %s %s\n", step, names[i], where);
    }
}

/* What a task would call that runs when an event is posted. */
static void look(const char *event)
{
    char step[32];
    snprintf(step, sizeof(step), "seen %s", event);
    print_table(step, table);
}

static void hook(void *context)
{
    printf("hook %s first=0x%08" PRIx32 "\n", (const char *)context, table[0]);
}

static void hook_reloading(void *context)
{
    (void)context;
    hotreload_config_t again = config("hotreload");
    print_result("reload in hook", hotreload_reload(&again), NULL);
    print_result("load in hook", hotreload_load(&again), NULL);
    print_result("unload in hook", hotreload_unload(), NULL);
    print_result("update in hook", hotreload_update_partition("hotreload", "x", 1), NULL);
    hotreload_update_t *begun;
    hotreload_slot_t slots[HOTRELOAD_SLOTS];
    size_t count;
    print_result("begin in hook", hotreload_update_begin("hotreload", 0, &begun), NULL);
    print_result("rollback in hook", hotreload_rollback(&again), NULL);
    print_result("confirm in hook", hotreload_confirm(), NULL);
    print_result("list in hook", hotreload_list("hotreload", slots, &count), NULL);
    print_result("retry in hook", hotreload_retry("hotreload"), NULL);
}

static void hook_registering(void *context)
{
    print_result("register in hook", hotreload_register_post_hook(hook, context), NULL);
}

static void *context_named(const char *name);

/* As one who sees that the others are not needed. */
static void hook_removing(void *context)
{
    printf("hook %s first=0x%08" PRIx32 "\n", (const char *)context, table[0]);
    print_result("remove in hook", hotreload_unregister_pre_hook(hook, context_named("a")), NULL);
    print_result("remove in hook", hotreload_unregister_post_hook(hook, context_named("a")), NULL);
    print_result("remove in hook", hotreload_unregister_pre_hook(hook_removing, context), NULL);
}

static void hook_outcome(void *context)
{
    (void)context;
    printf("outcome: %s\n", hotreload_err_to_name(hotreload_reload_outcome()));
}

static void hook_looking(void *context)
{
    (void)context;
    print_table("hook_table", table);
}

#ifdef CONFIG_HOTRELOAD_HOLD_CALLERS
/* What those who are never held get; others would wait for ever here. */
static void hook_passing(void *context)
{
    static const char *const never_held[] = {
        "task", "isr", "masked", "suspended", "IDLE0", "esp_timer", "ipc0", "ipc1",
    };
    (void)context;
    for (size_t i = 0; i < sizeof(never_held) / sizeof(never_held[0]); i++) {
        tasks_set_context(never_held[i]);
        uint32_t to = hr_hold_pass(&table[0]).function;
        bool unloaded = to == (uint32_t)(uintptr_t)hotreload_unloaded_stub;
        printf("pass %s %s 0x%08" PRIx32 "\n", never_held[i], unloaded ? "unloaded" : "loaded", to);
    }
    tasks_set_context("other");
    tasks_set_caller_inside(true);
    printf("pass inside 0x%08" PRIx32 "\n", hr_hold_pass(&table[0]).function);
    tasks_set_caller_inside(false);
    tasks_set_context("task");
}
#else
#define hook_passing hook
#endif

static esp_err_t handover_hook(const hotreload_handover_t *handover, void *context)
{
    print_table("handover_table", table);
    printf("hook %s new=%d old=%d none=%d\n", (const char *)context,
           hotreload_handover_new(handover, "f") != NULL,
           hotreload_handover_old(handover, "f") != NULL,
           hotreload_handover_new(handover, "g") != NULL
               || hotreload_handover_old(handover, "g") != NULL
               || hotreload_handover_new(handover, NULL) != NULL);
    return strcmp(context, "veto") == 0 ? ESP_ERR_TIMEOUT : ESP_OK;
}

static hotreload_handover_fn_t handover_named(const char *name)
{
    return strcmp(name, "none") == 0 ? NULL : handover_hook;
}

static uint32_t kept_entry;

static void hook_cleaning_up(void *context)
{
    (void)context;
    tasks_clean_up();
}

static hotreload_hook_fn_t hook_named(const char *name)
{
    if (strcmp(name, "kept") == 0) {
        return (hotreload_hook_fn_t)(uintptr_t)kept_entry;
    }
    if (strcmp(name, "removing") == 0) {
        return hook_removing;
    }
    if (strcmp(name, "cleaning_up") == 0) {
        return hook_cleaning_up;
    }
    if (strcmp(name, "outcome") == 0) {
        return hook_outcome;
    }
    if (strcmp(name, "looking") == 0) {
        return hook_looking;
    }
    if (strcmp(name, "passing") == 0) {
        return hook_passing;
    }
    if (strcmp(name, "in_module") == 0) {
        return (hotreload_hook_fn_t)(uintptr_t)table[0];
    }
    if (strcmp(name, "reloading") == 0) {
        return hook_reloading;
    }
    if (strcmp(name, "registering") == 0) {
        return hook_registering;
    }
    return strcmp(name, "none") == 0 ? NULL : hook;
}

/* Equal names are equal contexts. */
static void *context_named(const char *name)
{
    static char known[HOOKS][16];
    size_t i = 0;
    while (i < HOOKS - 1 && known[i][0] != 0 && strcmp(known[i], name) != 0) {
        i++;
    }
    snprintf(known[i], sizeof(known[i]), "%s", name);
    return known[i];
}

static void call_with_bad_arguments(void)
{
    hotreload_config_t good = config("hotreload");
    hotreload_config_t bad[] = {good, good, good, good, good};
    static const char *const no_name[] = {NULL};
    bad[0].partition_label = NULL;
    bad[1].partition_label = "";
    bad[2].symbol_table = NULL;
    bad[3].symbol_names = NULL;
    bad[4].symbol_names = no_name;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        print_result("bad load", hotreload_load(&bad[i]), NULL);
        print_result("bad reload", hotreload_reload(&bad[i]), NULL);
    }
    print_result("bad load", hotreload_load(NULL), NULL);
    print_result("bad reload", hotreload_reload(NULL), NULL);
    print_result("bad load_buffer", hotreload_load_from_buffer(NULL, 1, table, names, 0), NULL);
    print_result("bad load_buffer", hotreload_load_from_buffer("x", 1, NULL, names, 0), NULL);
    print_result("bad load_buffer", hotreload_load_from_buffer("x", 1, table, NULL, 0), NULL);
    print_result("bad update", hotreload_update_partition(NULL, "x", 1), NULL);
    print_result("bad update", hotreload_update_partition("", "x", 1), NULL);
    print_result("bad update", hotreload_update_partition("hotreload", NULL, 1), NULL);
}

/* elf_builder.py: IDENTITY */
static hr_identity_t firmware = {
    {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf},
};

hr_identity_t hr_firmware_identity(void)
{
    return firmware;
}

/* `sp,text,size,low,pc,return address,path`, of a task that was stopped by an exception. */
static void find_on_stack(char *value)
{
    uint32_t numbers[6];
    uint32_t address = 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        numbers[i] = number(value);
        value = (char *)second(value);
    }
    file_t file = read_file(value);
    hr_stack_t stack = {file.data, numbers[3], numbers[3] + (uint32_t)file.size};
    hr_stack_registers_t registers = {numbers[4], numbers[5], numbers[0]};
    if (hr_stack_find(&stack, &registers, (hr_text_t) {numbers[1], numbers[2]}, &address)) {
        printf("find_on_stack: 0x%08" PRIx32 "\n", address);
    } else {
        printf("find_on_stack: outside\n");
    }
    free(file.data);
}

/* `frame,text,size,low,path`: the file is a task's stack from `low` on. `callers` has the first
   return address in addition and the stack pointer in place of the frame. */
static void walk_stack(const char *step, char *value)
{
    uint32_t numbers[5] = {0};
    size_t count = strcmp(step, "stack") == 0 ? 4 : 5;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = number(value);
        value = (char *)second(value);
    }
    file_t file = read_file(value);
    hr_text_t text = {numbers[1], numbers[2]};
    hr_stack_t stack = {file.data, numbers[3], numbers[3] + (uint32_t)file.size};
    bool inside = count == 4
        ? hr_stack_saved_inside(&stack, numbers[0], text)
        : hr_stack_callers_inside(&stack, numbers[4], numbers[0], text);
    printf("%s: %s\n", step, inside ? "inside" : "outside");
    free(file.data);
}

/* What the next constructor or destructor does, as a step. */
static char *step_inside;
static void run_step(char *step);

void hr_run(uint32_t function)
{
    char *step = step_inside;
    (void)function;
    printf("run in %s with %d locks\n", pcTaskGetName(NULL), semaphores_held);
    if (step != NULL) {
        step_inside = NULL;
        run_step(step);
    }
}

static bool run_task_step(const char *step, char *value)
{
    if (strcmp(step, "enter") == 0) {
        tasks_enter(number(value));
    } else if (strcmp(step, "leave_after") == 0) {
        tasks_leave_after(number(value));
    } else if (strcmp(step, "caller_inside") == 0) {
        tasks_set_caller_inside(number(value) != 0);
    } else if (strcmp(step, "caller_in_psram") == 0) {
        tasks_set_caller_in_psram(number(value) != 0);
    } else if (strcmp(step, "lie_in") == 0) {
        tasks_lie_in();
    } else if (strcmp(step, "clean_up") == 0) {
        tasks_clean_up();
    } else if (strcmp(step, "idle") == 0) {
        tasks_idle();
    } else if (strcmp(step, "context") == 0) {
        tasks_set_context(value);
    } else if (strcmp(step, "leave") == 0) {
        tasks_leave();
    } else if (strcmp(step, "run_task") == 0) {
        tasks_run_created();
    } else if (strcmp(step, "fail_task") == 0) {
        tasks_fail_to_create(number(value) != 0);
    } else if (strcmp(step, "inside") == 0) {
        step_inside = value;
    } else if (strcmp(step, "tick") == 0) {
        printf("tick: %s\n", tasks_tick() ? "runs" : "stopped");
    } else if (strcmp(step, "waiting") == 0) {
        printf("waiting: %" PRIu32 "\n", hr_retire_waiting());
    } else if (strcmp(step, "stack") == 0 || strcmp(step, "callers") == 0) {
        walk_stack(step, value);
    } else if (strcmp(step, "find_on_stack") == 0) {
        find_on_stack(value);
    } else {
        return false;
    }
    return true;
}

/* `own` or `guest`, then for how many handlers there is room, and the configuration's max_elf_size. */
static void serve(char *value)
{
    hr_report_t report;
    size_t capacity;
    const char *room = second(value);
    const hotreload_server_config_t given = {
        .partition_label = "hotreload",
        .max_elf_size = number(second(room)),
        .symbol_table = table,
        .symbol_names = names,
        .symbol_count = name_count,
    };
    if (hr_overview_capacity("hotreload", &capacity, &report) != ESP_OK) {
        fail("no partition", report.message);
    }
    http_open(&given, strncmp(value, "own,", 4) == 0, capacity, number(room));
}

/* An answer with room for so many bytes, of fields `"<letter>":1` and lists `"<letter>":[1]`, each a
   character of the second value: lower case for fields, upper case for lists. */
static void compose(const char *value)
{
    size_t size = number(value);
    hr_answer_t answer = {.body = malloc(size), .size = size};
    hr_answer_begin(&answer, HR_ANSWER_200);
    for (const char *c = second(value); *c != 0; c++) {
        if (*c >= 'a') {
            hr_answer_add(&answer, "\"%c\":1", *c);
        } else {
            hr_answer_add(&answer, "\"%c\":[1", *c);
            hr_answer_close_list(&answer);
        }
    }
    hr_answer_end(&answer);
    printf("composed %s %s\n", answer.status, answer.body);
    free(answer.body);
}

static bool run_http_step(const char *step, char *value)
{
    if (strcmp(step, "serve") == 0) {
        serve(value);
    } else if (strcmp(step, "error") == 0) {
        hr_report_t report = {.message = "why"};
        char body[HR_ANSWER_SIZE];
        hr_answer_t answer = {.body = body, .size = sizeof(body)};
        hr_answer_error(&answer, (esp_err_t)number(value), &report);
        printf("error %s %s\n", answer.status, body);
    } else if (strcmp(step, "compose") == 0) {
        compose(value);
    } else if (strcmp(step, "close") == 0) {
        http_close();
    } else if (strcmp(step, "request") == 0) {
        file_t file = read_file(value);
        file.data = realloc(file.data, file.size + 1);
        file.data[file.size] = 0;
        http_request((const char *)file.data, file.size);
        free(file.data);
    } else if (strcmp(step, "refuse") == 0) {
        http_refuse((int)number(value));
    } else if (strcmp(step, "pieces") == 0) {
        http_set_pieces(number(value));
    } else if (strcmp(step, "pause") == 0) {
        http_set_pause(number(value));
    } else if (strcmp(step, "silent_after") == 0) {
        http_set_end(number(value), HTTP_SILENT);
    } else if (strcmp(step, "gone_after") == 0) {
        http_set_end(number(value), HTTP_GONE);
    } else if (strcmp(step, "stopped_after") == 0) {
        http_set_end(number(value), HTTP_STOPPED);
    } else if (strcmp(step, "no_connection") == 0) {
        http_fail_to_hand_over((esp_err_t)number(value));
    } else {
        return false;
    }
    return true;
}

static bool run_hook_step(const char *step, char *value)
{
    void *context = context_named(value);
    esp_err_t err;
    if (strcmp(step, "pre") == 0) {
        err = hotreload_register_pre_hook(hook_named(value), context);
    } else if (strcmp(step, "handover") == 0) {
        err = hotreload_register_handover_hook(handover_named(value), context);
    } else if (strcmp(step, "post") == 0) {
        err = hotreload_register_post_hook(hook_named(value), context);
    } else if (strcmp(step, "remove_pre") == 0) {
        err = hotreload_unregister_pre_hook(hook_named(value), context);
    } else if (strcmp(step, "remove_handover") == 0) {
        err = hotreload_unregister_handover_hook(handover_named(value), context);
    } else if (strcmp(step, "remove_post") == 0) {
        err = hotreload_unregister_post_hook(hook_named(value), context);
    } else if (strcmp(step, "ask_outcome") == 0) {
        err = hotreload_reload_outcome();
    } else {
        return false;
    }
    print_result(step, err, NULL);
    return true;
}

static void run_loader_step(const char *step, char *value)
{
    hotreload_config_t given = config(value[0] != 0 ? value : "hotreload");
    if (strcmp(step, "load") == 0) {
        load_file(value);
    } else if (strcmp(step, "api_load") == 0) {
        print_result(step, hotreload_load(&given), NULL);
    } else if (strcmp(step, "api_reload") == 0) {
        print_result(step, hotreload_reload(&given), NULL);
    } else if (strcmp(step, "api_unload") == 0) {
        print_result(step, hotreload_unload(), NULL);
    } else if (strcmp(step, "api_buffer") == 0) {
        load_buffer(value);
    } else if (strcmp(step, "api_update") == 0) {
        update(value);
    } else if (strcmp(step, "stream") == 0) {
        stream(value);
    } else if (!run_hook_step(step, value)) {
        fail("unknown step", step);
    }
}

static void run_step(char *step)
{
    char empty[] = "";
    char *value = strchr(step, '=');
    if (value != NULL) {
        *value++ = 0;
    } else {
        value = empty;
    }
    if (run_task_step(step, value) || run_stream_step(step, value) || run_state_step(step, value)
        || run_http_step(step, value)) {
        return;
    }
    if (strcmp(step, "resume") == 0) {
        reboot_resume(value);
    } else if (strcmp(step, "names") == 0) {
        set_names(value);
    } else if (strcmp(step, "count") == 0) {
        name_count = number(value); /* what is behind stays in the table */
    } else if (strcmp(step, "place") == 0) {
        text_address = number(value);
        data_address = number(second(value));
    } else if (strcmp(step, "partition") == 0) {
        flash_create(number(value), number(second(value)));
    } else if (strcmp(step, "raw") == 0) {
        program_raw(0, value);
    } else if (strcmp(step, "program") == 0) {
        program_raw(number(value), second(value));
    } else if (strcmp(step, "save") == 0) {
        FILE *file = fopen(value, "wb");
        flash_save(file);
        fclose(file);
    } else if (strcmp(step, "cut_after") == 0) {
        flash_set_operations(number(value), FLASH_TORN_HALF);
    } else if (strcmp(step, "cut_bits_after") == 0) {
        flash_set_operations(number(value), FLASH_TORN_BITS);
    } else if (strcmp(step, "cut_pages_after") == 0) {
        flash_set_operations(number(value), FLASH_TORN_PAGES);
    } else if (strcmp(step, "power") == 0) {
        flash_set_operations(FLASH_OPERATIONS_UNLIMITED, FLASH_TORN_HALF);
    } else if (strcmp(step, "corrupt") == 0) {
        flash_corrupt(number(value));
        forget_flash();
    } else if (strcmp(step, "wear_out") == 0) {
        flash_wear_out(number(value));
    } else if (strcmp(step, "firmware") == 0) {
        memset(&firmware, (int)number(value), sizeof(firmware));
    } else if (strcmp(step, "unstamped") == 0) {
        memset(&firmware, 0, sizeof(firmware));
    } else if (strcmp(step, "corrupt_rtc") == 0) {
        reboot_corrupt(number(value));
    } else if (strcmp(step, "freeze") == 0) {
        flash_freeze();
    } else if (strcmp(step, "encrypt") == 0) {
        flash_encrypt();
    } else if (strcmp(step, "operations") == 0) {
        printf("operations %" PRIu32 "\n", flash_operations_done());
    } else if (strcmp(step, "newest") == 0) {
        print_newest();
    } else if (strcmp(step, "slots") == 0) {
        print_slots();
    } else if (strcmp(step, "remember") == 0) {
        remember();
    } else if (strcmp(step, "mark") == 0 || strcmp(step, "mark_remembered") == 0) {
        mark(step, value);
    } else if (strcmp(step, "store_retry") == 0) {
        retry();
    } else if (strcmp(step, "fail_read") == 0) {
        flash_fail_read_at(number(value));
    } else if (strcmp(step, "fail_at") == 0) {
        memory_fail_at(number(value));
    } else if (strcmp(step, "time") == 0) {
        clock_set(number(value));
    } else if (strcmp(step, "call_unloaded") == 0) {
        call_unloaded(number(value));
    } else if (strcmp(step, "claim") == 0) {
        hr_report_t report;
        print_result(step, hr_update_claim(&report), NULL);
    } else if (strcmp(step, "release") == 0) {
        hr_update_release();
    } else if (strcmp(step, "look_at_events") == 0) {
        events_set_listener(look);
    } else if (strcmp(step, "no_event_loop") == 0) {
        events_set_result(ESP_ERR_INVALID_STATE);
    } else if (strcmp(step, "full_event_loop") == 0) {
        events_set_result(ESP_ERR_TIMEOUT);
    } else if (strcmp(step, "pending") == 0) {
        print_pending();
    } else if (strcmp(step, "pending_taken") == 0) {
        hr_pending_taken(a_partition(), number(value));
    } else if (strcmp(step, "pending_written") == 0) {
        hr_pending_written(&(hr_pending_t) {
            .partition = a_partition(), .sequence = number(value), .size = 1,
        });
    } else if (strcmp(step, "blocks") == 0) {
        printf("blocks %" PRIu32 " mappings %" PRIu32 "\n", memory_blocks(), flash_mappings());
    } else if (strcmp(step, "table") == 0) {
        print_table(step, table);
    } else if (strcmp(step, "first_table") == 0) {
        print_table(step, tables[0]);
    } else if (strcmp(step, "keep_entry") == 0) {
        kept_entry = table[0];
    } else if (strcmp(step, "watch_free") == 0) {
        memory_watch_free();
    } else if (strcmp(step, "other_table") == 0) {
        table = tables[1];
    } else if (strcmp(step, "bad_arguments") == 0) {
        call_with_bad_arguments();
    } else if (strcmp(step, "bad_stream_arguments") == 0) {
        stream_with_bad_arguments();
    } else if (strcmp(step, "multipart") == 0) {
        char *path = strrchr(value, ',');
        if (path == NULL) {
            fail("two values needed", value);
        }
        *path++ = 0;
        parse_multipart(value, path);
    } else {
        run_loader_step(step, value);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "reboot=", 7) == 0) {
            reboot((int)number(argv[i] + 7), argv + i + 1);
        } else {
            run_step(argv[i]);
        }
    }
    return 0;
}

const char *esp_err_to_name(esp_err_t err)
{
    switch (err) {
    case ESP_OK:
        return "ESP_OK";
    case ESP_FAIL:
        return "ESP_FAIL";
    case ESP_ERR_NO_MEM:
        return "ESP_ERR_NO_MEM";
    case ESP_ERR_INVALID_ARG:
        return "ESP_ERR_INVALID_ARG";
    case ESP_ERR_INVALID_STATE:
        return "ESP_ERR_INVALID_STATE";
    case ESP_ERR_INVALID_SIZE:
        return "ESP_ERR_INVALID_SIZE";
    case ESP_ERR_NOT_FOUND:
        return "ESP_ERR_NOT_FOUND";
    case ESP_ERR_NOT_SUPPORTED:
        return "ESP_ERR_NOT_SUPPORTED";
    case ESP_ERR_TIMEOUT:
        return "ESP_ERR_TIMEOUT";
    default:
        return "UNKNOWN ERROR";
    }
}
