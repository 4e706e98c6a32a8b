/* SPDX-License-Identifier: MIT */

/**
 * @file
 * Reload a part of the firmware while it runs.
 *
 * A module is an Xtensa ELF shared object, linked against the firmware that runs it. It lies in
 * a flash partition or in RAM, is copied to RAM, relocated, and called through the symbol table
 * that the build generates (`reloadable_util.h` for a component `reloadable`).
 *
 * Rules that hold for every function here:
 * - Calls from several tasks are serialized: the second caller waits until the first is done.
 * - No function may be called from an interrupt.
 * - A call from inside a hook, or from a constructor of a module, that would change the module or the
 *   partition gives ESP_ERR_INVALID_STATE and changes nothing. Registering and removing hooks from
 *   there is allowed.
 * - A module's constructors run in the call that loads it, before the pre hooks. Its destructors run
 *   once, when no task is inside: in the call that has replaced or unloaded it, behind the post hooks,
 *   or else in a task of the component. They may call every function here; with
 *   CONFIG_HOTRELOAD_UNLOAD_FIRST what is said of hooks holds for them.
 * - The module needs no lock. Tasks may be inside it at any moment, the caller of these functions
 *   included. They go on in the module that they have entered, whose memory is freed when no task
 *   can execute it any more: before the call returns, or within a tick after the last task has left.
 *   A task that lies in the module's memory, or whose stack does, keeps it as well, until it is
 *   deleted and the idle task has cleaned up. Other objects of FreeRTOS there (queues, semaphores,
 *   timers, event groups), and pointers to its functions or data that the application keeps beyond a
 *   call, are not followed: copy texts before the next reload can come, or see
 *   CONFIG_HOTRELOAD_RETIRE_GRACE_MS.
 * - The module may be called from interrupt handlers, with interrupts masked and with the scheduler
 *   suspended, as far as its functions can; also while none is loaded.
 * - A load or reload is a transaction. It fails before anything has changed, or it succeeds: after
 *   a failure the module that was loaded goes on and nothing is left allocated. When it fails in its
 *   checks or in placing the module, no hook has run; once pre hooks have run, post hooks run too.
 *   With CONFIG_HOTRELOAD_UNLOAD_FIRST that holds until the old module is unloaded; what happens
 *   when the new one then cannot be loaded is documented at hotreload_reload().
 * - Each function of a module has its state in the module's own data, which a new module does not
 *   inherit. What has to survive is carried by hooks. With CONFIG_HOTRELOAD_HOLD_CALLERS a handover
 *   hook carries it exactly. Without that, callers that do not pause go
 *   on in the old module after its state was read, and begin in the new one before it is written:
 *   what they do meanwhile is lost, and with it in a pre hook and out of it in a post hook that is
 *   all that happens in between.
 * - Whatever a function is given stays the caller's. Strings and ELF images are used during the
 *   call only; symbol_table and symbol_names must stay valid while the module is loaded.
 * - Every failure logs one line that names the field and the value that were wrong; of many in a row
 *   the first ten and then one a second, with the number of the others.
 *
 * Sizes are in bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @name Error codes of the component
 *  hotreload_err_to_name() gives each its text.
 *  @{ */
#define HOTRELOAD_ERR_BASE             0x48000 /**< First code of the component ('H' << 12). */

#define HOTRELOAD_ERR_EMPTY            (HOTRELOAD_ERR_BASE + 0x01) /**< The image or the request body has no bytes. */
#define HOTRELOAD_ERR_NO_MODULE        (HOTRELOAD_ERR_BASE + 0x02) /**< The flash has no module, or no other one. */
#define HOTRELOAD_ERR_TRUNCATED        (HOTRELOAD_ERR_BASE + 0x03) /**< Shorter than an ELF header. */
#define HOTRELOAD_ERR_MAGIC            (HOTRELOAD_ERR_BASE + 0x04) /**< Not an ELF. */
#define HOTRELOAD_ERR_CLASS            (HOTRELOAD_ERR_BASE + 0x05) /**< Not a 32-bit ELF. */
#define HOTRELOAD_ERR_ENDIANNESS       (HOTRELOAD_ERR_BASE + 0x06) /**< Not little-endian. */
#define HOTRELOAD_ERR_VERSION          (HOTRELOAD_ERR_BASE + 0x07) /**< Not ELF version 1. */
#define HOTRELOAD_ERR_TYPE             (HOTRELOAD_ERR_BASE + 0x08) /**< Not a shared object. */
#define HOTRELOAD_ERR_MACHINE          (HOTRELOAD_ERR_BASE + 0x09) /**< Not for Xtensa. */
#define HOTRELOAD_ERR_HEADER_SIZE      (HOTRELOAD_ERR_BASE + 0x0a) /**< A header or entry size in the ELF header is wrong. */
#define HOTRELOAD_ERR_PROGRAM_HEADERS  (HOTRELOAD_ERR_BASE + 0x0b) /**< No program header table inside the image. */
#define HOTRELOAD_ERR_SECTION_HEADERS  (HOTRELOAD_ERR_BASE + 0x0c) /**< Section headers not inside the image, or inconsistent. */
#define HOTRELOAD_ERR_SEGMENT_TYPE     (HOTRELOAD_ERR_BASE + 0x0d) /**< A segment of a kind that cannot be loaded. */
#define HOTRELOAD_ERR_SEGMENT_COUNT    (HOTRELOAD_ERR_BASE + 0x0e) /**< More segments than the loader takes. */
#define HOTRELOAD_ERR_SEGMENT_BOUNDS   (HOTRELOAD_ERR_BASE + 0x0f) /**< A segment outside the image or the address space. */
#define HOTRELOAD_ERR_SEGMENT_ALIGN    (HOTRELOAD_ERR_BASE + 0x10) /**< A segment with an impossible alignment. */
#define HOTRELOAD_ERR_SEGMENT_OVERLAP  (HOTRELOAD_ERR_BASE + 0x11) /**< Two segments share link addresses. */
#define HOTRELOAD_ERR_NO_TEXT          (HOTRELOAD_ERR_BASE + 0x12) /**< No executable segment. */
#define HOTRELOAD_ERR_DYNAMIC          (HOTRELOAD_ERR_BASE + 0x13) /**< The dynamic table is broken, missing, or asks for the unsupported. */
#define HOTRELOAD_ERR_CONSTRUCTOR      (HOTRELOAD_ERR_BASE + 0x14) /**< A table of constructors or destructors is broken. */
#define HOTRELOAD_ERR_HASH             (HOTRELOAD_ERR_BASE + 0x15) /**< The symbol hash table is missing or broken. */
#define HOTRELOAD_ERR_SYMBOL_TABLE     (HOTRELOAD_ERR_BASE + 0x16) /**< The symbol table is missing or outside the image. */
#define HOTRELOAD_ERR_STRING_TABLE     (HOTRELOAD_ERR_BASE + 0x17) /**< The string table is missing or outside the image. */
#define HOTRELOAD_ERR_SYMBOL_NAME      (HOTRELOAD_ERR_BASE + 0x18) /**< A symbol's name lies outside the string table. */
#define HOTRELOAD_ERR_SYMBOL_SECTION   (HOTRELOAD_ERR_BASE + 0x19) /**< A symbol has a reserved section index. */
#define HOTRELOAD_ERR_SYMBOL_MISSING   (HOTRELOAD_ERR_BASE + 0x1a) /**< The module lacks a function that the firmware calls. */
#define HOTRELOAD_ERR_SYMBOL_UNDEFINED (HOTRELOAD_ERR_BASE + 0x1b) /**< The module needs a symbol that nobody defines. */
#define HOTRELOAD_ERR_ENTRY            (HOTRELOAD_ERR_BASE + 0x1c) /**< An exported function does not start like a function. */
#define HOTRELOAD_ERR_RELOC_TABLE      (HOTRELOAD_ERR_BASE + 0x1d) /**< A relocation table is outside the image or has odd entries. */
#define HOTRELOAD_ERR_RELOC_TYPE       (HOTRELOAD_ERR_BASE + 0x1e) /**< A relocation of an unknown type. */
#define HOTRELOAD_ERR_RELOC_OFFSET     (HOTRELOAD_ERR_BASE + 0x1f) /**< A relocation that writes outside the segments. */
#define HOTRELOAD_ERR_RELOC_SYMBOL     (HOTRELOAD_ERR_BASE + 0x20) /**< A relocation against a symbol that it cannot use. */
#define HOTRELOAD_ERR_PARTITION        (HOTRELOAD_ERR_BASE + 0x21) /**< The partition cannot hold updates. */
#define HOTRELOAD_ERR_STORE            (HOTRELOAD_ERR_BASE + 0x22) /**< The flash does not hold what was written. */
#define HOTRELOAD_ERR_TOO_LARGE        (HOTRELOAD_ERR_BASE + 0x23) /**< An upload larger than max_elf_size. */
#define HOTRELOAD_ERR_LENGTH_REQUIRED  (HOTRELOAD_ERR_BASE + 0x24) /**< An upload without Content-Length. */
#define HOTRELOAD_ERR_BODY_TRUNCATED   (HOTRELOAD_ERR_BASE + 0x25) /**< The connection ended before the upload did. */
#define HOTRELOAD_ERR_BODY_TIMEOUT     (HOTRELOAD_ERR_BASE + 0x26) /**< The client stopped sending. */
#define HOTRELOAD_ERR_MULTIPART        (HOTRELOAD_ERR_BASE + 0x27) /**< A multipart body that is broken or has no file. */
#define HOTRELOAD_ERR_BUSY             (HOTRELOAD_ERR_BASE + 0x28) /**< Another update is being written. */
#define HOTRELOAD_ERR_IDENTITY         (HOTRELOAD_ERR_BASE + 0x29) /**< The module was linked against another firmware. */
#define HOTRELOAD_ERR_IDENTITY_MISSING (HOTRELOAD_ERR_BASE + 0x2a) /**< The module, or the firmware, has no identity. */
#define HOTRELOAD_ERR_NOTE             (HOTRELOAD_ERR_BASE + 0x2b) /**< A note of the module is broken. */
#define HOTRELOAD_ERR_AUTH_HEADER      (HOTRELOAD_ERR_BASE + 0x2c) /**< The request is not signed, or its Authorization is malformed. */
#define HOTRELOAD_ERR_AUTH_NONCE       (HOTRELOAD_ERR_BASE + 0x2d) /**< The nonce is too old, or not one of this device. */
#define HOTRELOAD_ERR_AUTH_REPLAYED    (HOTRELOAD_ERR_BASE + 0x2e) /**< The nonce was used by another request. */
#define HOTRELOAD_ERR_AUTH_MAC         (HOTRELOAD_ERR_BASE + 0x2f) /**< The request was not signed with this firmware's key. */
#define HOTRELOAD_ERR_ABI              (HOTRELOAD_ERR_BASE + 0x30) /**< Made for an operating system's ABI. */
#define HOTRELOAD_ERR_FLAGS            (HOTRELOAD_ERR_BASE + 0x31) /**< For a variant of Xtensa that is not known. */
#define HOTRELOAD_ERR_SEGMENT_FLAGS    (HOTRELOAD_ERR_BASE + 0x32) /**< A segment with unknown permissions. */
#define HOTRELOAD_ERR_ENTRY_SIZE       (HOTRELOAD_ERR_BASE + 0x33) /**< A table whose entries have another size than ELF's. */
#define HOTRELOAD_ERR_STRING_END       (HOTRELOAD_ERR_BASE + 0x34) /**< The string table has no end. */
#define HOTRELOAD_ERR_HASH_CHAIN       (HOTRELOAD_ERR_BASE + 0x35) /**< A hash chain is a circle, or too long. */
#define HOTRELOAD_ERR_SYMBOL_INFO      (HOTRELOAD_ERR_BASE + 0x36) /**< A symbol of an unknown binding or type. */
#define HOTRELOAD_ERR_SYMBOL_VALUE     (HOTRELOAD_ERR_BASE + 0x37) /**< A symbol's address lies outside the module. */
#define HOTRELOAD_ERR_RELOC_VALUE      (HOTRELOAD_ERR_BASE + 0x38) /**< A relocation writes an address that neither the module nor the chip has. */
#define HOTRELOAD_ERR_REQUEST          (HOTRELOAD_ERR_BASE + 0x40) /**< The server got a request that is no valid HTTP. */
#define HOTRELOAD_ERR_UPLOAD_TIMEOUT   (HOTRELOAD_ERR_BASE + 0x41) /**< An upload took too long. */
#define HOTRELOAD_ERR_STOPPED          (HOTRELOAD_ERR_BASE + 0x42) /**< The server was stopped during an upload. */
#define HOTRELOAD_ERR_ENDPOINT         (HOTRELOAD_ERR_BASE + 0x43) /**< The server has no such endpoint. */
#define HOTRELOAD_ERR_METHOD           (HOTRELOAD_ERR_BASE + 0x44) /**< The endpoint takes another method. */
#define HOTRELOAD_ERR_BODY_UNEXPECTED  (HOTRELOAD_ERR_BASE + 0x45) /**< A body in a request that takes none. */
#define HOTRELOAD_ERR_NO_UPDATE        (HOTRELOAD_ERR_BASE + 0x46) /**< No update waits for a reload. */
#define HOTRELOAD_ERR_UNDO_USED_UP     (HOTRELOAD_ERR_BASE + 0x47) /**< The module was given all the further chances that it has. */
#define HOTRELOAD_ERR_CALLER_INSIDE    (HOTRELOAD_ERR_BASE + 0x48) /**< Unloading first was asked for from inside the module. */
#define HOTRELOAD_ERR_TASK_INSIDE      (HOTRELOAD_ERR_BASE + 0x49) /**< Unloading first: a task did not leave the old module in time. */
#define HOTRELOAD_ERR_HOOK_IN_MODULE   (HOTRELOAD_ERR_BASE + 0x4a) /**< A hook is a function of a module, whose memory goes. */
#define HOTRELOAD_ERR_HOLD_LIMIT       (HOTRELOAD_ERR_BASE + 0x4b) /**< Calls were held, and a task did not leave the old module in time. */
#define HOTRELOAD_ERR_NOTHING_TO_UNDO  (HOTRELOAD_ERR_BASE + 0x4c) /**< No module in flash was marked bad or has yielded. */
#define HOTRELOAD_ERR_MARKED_BAD       (HOTRELOAD_ERR_BASE + 0x4d) /**< The module was marked bad. */
#define HOTRELOAD_ERR_YIELDED          (HOTRELOAD_ERR_BASE + 0x4e) /**< The module was started too often without being confirmed. */
#define HOTRELOAD_ERR_AUTH_BODY        (HOTRELOAD_ERR_BASE + 0x50) /**< The module is not the one that was signed. */
#define HOTRELOAD_ERR_AUTH_VERSION     (HOTRELOAD_ERR_BASE + 0x51) /**< Signed as the clients of an earlier release do. */
#define HOTRELOAD_ERR_MODULE_MAC       (HOTRELOAD_ERR_BASE + 0x52) /**< The module was not built with this firmware's key. */
#define HOTRELOAD_ERR_BUILD_FLOOR      (HOTRELOAD_ERR_BASE + 0x53) /**< The module's build number is too low. */
#define HOTRELOAD_ERR_ORIGIN           (HOTRELOAD_ERR_BASE + 0x54) /**< The request comes from a page of another site. */
#define HOTRELOAD_ERR_PORT             (HOTRELOAD_ERR_BASE + 0x58) /**< A port that the server needs is in use. */
#define HOTRELOAD_ERR_CONNECTIONS      (HOTRELOAD_ERR_BASE + 0x59) /**< Too many clients keep the connections of earlier uploads. */
/** @} */

/** Where a module comes from and what is called in it. */
typedef struct {
    const char *partition_label;     /**< Label of the flash partition, at most 16 characters. */
    uint32_t *symbol_table;          /**< One address per function; written at each switch. */
    const char *const *symbol_names; /**< Names in the order of the table, NULL-terminated. */
    size_t symbol_count;             /**< Number of entries of table and names. */
} hotreload_config_t;

/** What the HTTP server listens on and accepts. */
typedef struct {
    uint16_t port;                   /**< TCP port; 0 is 8080. */
    const char *partition_label;     /**< Label of the flash partition, at most 16 characters. */
    size_t max_elf_size;             /**< Largest module taken; 0 is CONFIG_HOTRELOAD_MAX_ELF_SIZE. */
    uint32_t *symbol_table;          /**< As in hotreload_config_t. */
    const char *const *symbol_names; /**< As in hotreload_config_t. */
    size_t symbol_count;             /**< As in hotreload_config_t. */
    uint16_t ctrl_port;              /**< UDP port of the loopback interface for the server's own messages; 0: a free one. */
} hotreload_server_config_t;

/**
 * A function of the application that is called around a reload, in the task that asked for it.
 * @param user_ctx what was given at registration
 */
typedef void (*hotreload_hook_fn_t)(void *user_ctx);

/** Both modules of a reload, as a handover hook sees them; valid during the hook. */
typedef struct hotreload_handover hotreload_handover_t;

/**
 * A function of the application that is called when the new module of a reload is complete and nobody
 * else can call it yet, in the task that asked for the reload.
 * @param handover  the new module and the old one
 * @param user_ctx  what was given at registration
 * @return ESP_OK, or an error that refuses the new module: the reload ends with it
 */
typedef esp_err_t (*hotreload_handover_fn_t)(const hotreload_handover_t *handover, void *user_ctx);

/** Partition that the default macros use. */
#define HOTRELOAD_PARTITION_DEFAULT "hotreload"

/** Port that the server listens on by default. */
#define HOTRELOAD_PORT_DEFAULT 8080

/** Initializer for hotreload_config_t; include `reloadable_util.h` as well. */
#define HOTRELOAD_CONFIG_DEFAULT() {                    \
        .partition_label = HOTRELOAD_PARTITION_DEFAULT, \
        .symbol_table = hotreload_symbol_table,         \
        .symbol_names = hotreload_symbol_names,         \
        .symbol_count = hotreload_symbol_count,         \
    }

/** Initializer for hotreload_server_config_t; include `reloadable_util.h` as well. */
#define HOTRELOAD_SERVER_CONFIG_DEFAULT() {             \
        .port = HOTRELOAD_PORT_DEFAULT,                 \
        .partition_label = HOTRELOAD_PARTITION_DEFAULT, \
        .max_elf_size = 0,                              \
        .symbol_table = hotreload_symbol_table,         \
        .symbol_names = hotreload_symbol_names,         \
        .symbol_count = hotreload_symbol_count,         \
        .ctrl_port = 0,                                 \
    }

/** hotreload_load() with the generated table from the partition "hotreload". */
#define HOTRELOAD_LOAD_DEFAULT()                                        \
    __extension__({                                                     \
        const hotreload_config_t config_ = HOTRELOAD_CONFIG_DEFAULT();  \
        hotreload_load(&config_);                                       \
    })

/** hotreload_reload() with the generated table from the partition "hotreload". */
#define HOTRELOAD_RELOAD_DEFAULT()                                      \
    __extension__({                                                     \
        const hotreload_config_t config_ = HOTRELOAD_CONFIG_DEFAULT();  \
        hotreload_reload(&config_);                                     \
    })

/** hotreload_server_start() on port 8080 with the generated table. */
#define HOTRELOAD_SERVER_START_DEFAULT()                                              \
    __extension__({                                                                   \
        const hotreload_server_config_t config_ = HOTRELOAD_SERVER_CONFIG_DEFAULT();  \
        hotreload_server_start(&config_);                                             \
    })

/**
 * Load the newest module of a flash partition when none is loaded. Runs no hooks. With
 * CONFIG_HOTRELOAD_AUTH this and all other ways to load one refuse a module that was not built with the
 * key of this firmware, or whose BUILD_NUMBER is too low.
 *
 * @param config  the partition, and what the firmware calls
 * @return
 *  - ESP_OK: the module can be called
 *  - ESP_ERR_INVALID_ARG: a null pointer, an empty label, or a null name within symbol_count
 *  - ESP_ERR_INVALID_STATE: a module is loaded (use hotreload_reload()), called from a hook, or from a
 *    task whose stack is in PSRAM
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - ESP_ERR_NO_MEM: not enough RAM for the module's segments, or for loading it
 *  - HOTRELOAD_ERR_...: the module was refused
 *  - other: the flash could not be read
 */
esp_err_t hotreload_load(const hotreload_config_t *config);

/**
 * Load a module from RAM. With none loaded it does what hotreload_load() does; with one loaded it
 * replaces that as hotreload_reload() does, hooks included.
 *
 * @param elf_data  the ELF, of any alignment; not needed after the call
 * @param elf_size  its size
 * @param symbol_table, symbol_names, symbol_count  as in hotreload_config_t
 * @return as hotreload_load() or, with a module loaded, hotreload_reload(); HOTRELOAD_ERR_EMPTY for
 *  size 0
 */
esp_err_t hotreload_load_from_buffer(const void *elf_data, size_t elf_size,
                                     uint32_t *symbol_table,
                                     const char *const *symbol_names,
                                     size_t symbol_count);

/**
 * Unload the module and free its memory. Runs no hooks. From then on every stub returns 0 and logs
 * an error, at most one line a second; a struct of more than four words is left as the caller had
 * it. Tasks that are inside the module go on there, and its memory is freed when the last one has
 * left.
 *
 * @return ESP_OK, or ESP_ERR_INVALID_STATE: none is loaded, or called from a hook
 */
esp_err_t hotreload_unload(void);

/**
 * Replace the module by the newest one of a flash partition: stage the new module completely, run its
 * constructors, call the pre hooks, call the handover hooks, switch, call the post hooks, run the
 * destructors of the old module and free it. With none
 * loaded it does the same without an old module: hooks come in pairs, but what a pre hook calls in the
 * module then returns 0.
 *
 * Tasks may be inside the old module meanwhile, the caller included: they go on there, new calls
 * go to the new module from the switch on, and the old memory is freed when the last task has left.
 *
 * When a handover hook refuses the new module, the old one goes on and the post hooks run, which can
 * ask for the error by hotreload_reload_outcome().
 *
 * With CONFIG_HOTRELOAD_HOLD_CALLERS calls from other tasks wait in the stub from before the first pre
 * hook until after the last post hook, and then go to the module that is in place. Before the pre hooks
 * and again after them the reload waits for other tasks to leave the old module, each time at most
 * CONFIG_HOTRELOAD_HOLD_LIMIT_MS; the second time all have to. Never held are this task, a task that
 * is already inside the module (it may call the firmware, which calls the module), interrupts, callers
 * with interrupts masked or the scheduler suspended, and the idle, esp_timer and IPC tasks: they go
 * where the table leads at that moment, to the old module up to the switch and to the new one from
 * then on. A hook must not wait for a task that may be held, for instance by taking a mutex that such
 * a task has.
 *
 * With CONFIG_HOTRELOAD_UNLOAD_FIRST the new module is checked, then the pre hooks run, the old
 * module is unloaded, the new one is placed, the handover hooks run (without an old module), and after
 * the switch the post hooks. If it cannot be placed, or is refused by a hook, the newest other module
 * in the partition that can be loaded takes its place before the post hooks run; for that one the
 * handover hooks run again, and cannot refuse it. The result is still the error of the first one. If
 * there is none, no module is loaded. If a task stays in the old module for
 * CONFIG_HOTRELOAD_UNLOAD_TIMEOUT_MS, that module goes on instead.
 *
 * @param config  as for hotreload_load()
 * @return as hotreload_load(); a loaded module is not an error. Also
 *  - what a handover hook gave: it has refused the new module
 *  - HOTRELOAD_ERR_HOLD_LIMIT: with CONFIG_HOTRELOAD_HOLD_CALLERS, a task did not leave the old module
 *    within CONFIG_HOTRELOAD_HOLD_LIMIT_MS; all go on there
 *
 *  With CONFIG_HOTRELOAD_UNLOAD_FIRST also
 *  - HOTRELOAD_ERR_TASK_INSIDE: a task did not leave the old module in time
 *  - HOTRELOAD_ERR_CALLER_INSIDE: called by the module itself; nothing has changed
 *  - HOTRELOAD_ERR_BUSY: an update is being written; nothing has changed
 */
esp_err_t hotreload_reload(const hotreload_config_t *config);

/**
 * Call `hook(user_ctx)` before the old module of a reload goes; it can still be called then, and is
 * by other tasks. The hook registered last runs first. NULL removes all pre hooks.
 *
 * Registering the same hook and context again changes nothing. A hook that is registered during a
 * reload runs from the next one on.
 *
 * A hook has to be a function of the firmware: the memory of a module's goes. The stub of an exported
 * function is one of the firmware, and calls whatever module is loaded.
 *
 * A hook that was removed does not run any more when the call that has removed it returns: that call
 * waits while the hook runs. From inside a hook it does not wait, and counts at once for hooks that
 * have not begun. A hook must not wait for a task that removes it.
 *
 * @param hook      the function; NULL removes all
 * @param user_ctx  what it is called with
 * @return
 *  - ESP_OK
 *  - ESP_ERR_NO_MEM: CONFIG_HOTRELOAD_MAX_HOOKS are registered, or there is no memory for another
 *  - HOTRELOAD_ERR_HOOK_IN_MODULE: the function lies in a module
 */
esp_err_t hotreload_register_pre_hook(hotreload_hook_fn_t hook, void *user_ctx);

/**
 * Call `hook(handover, user_ctx)` when the new module of a reload is complete, before anyone else can
 * call it: to look up and call functions of the new module and of the old one, to carry state from one
 * to the other, and to refuse the new module. Stubs still lead to the old module. The hook registered
 * first runs first; after the first one that gives an error no other runs. NULL removes all handover
 * hooks. Otherwise as hotreload_register_pre_hook().
 *
 * What is carried here is exact only with CONFIG_HOTRELOAD_HOLD_CALLERS. Without it other tasks call
 * the old module between the hook and the switch, and what they change there is lost.
 *
 * @param hook      the function; NULL removes all
 * @param user_ctx  what it is called with
 * @return as hotreload_register_pre_hook()
 */
esp_err_t hotreload_register_handover_hook(hotreload_handover_fn_t hook, void *user_ctx);

/**
 * Call `hook(user_ctx)` after the new module of a reload is in place and can be called, and is by
 * other tasks; or after the reload has failed, see hotreload_reload_outcome(). The hook registered
 * first runs first. NULL removes all post hooks. Otherwise as hotreload_register_pre_hook().
 *
 * @param hook      the function; NULL removes all
 * @param user_ctx  what it is called with
 * @return as hotreload_register_pre_hook()
 */
esp_err_t hotreload_register_post_hook(hotreload_hook_fn_t hook, void *user_ctx);

/**
 * Remove one pre hook, see hotreload_register_pre_hook().
 *
 * @param hook, user_ctx  what it was registered with
 * @return ESP_OK, ESP_ERR_NOT_FOUND: it is not registered, or ESP_ERR_INVALID_ARG: hook is NULL
 */
esp_err_t hotreload_unregister_pre_hook(hotreload_hook_fn_t hook, void *user_ctx);

/**
 * Remove one handover hook, as hotreload_unregister_pre_hook() does a pre hook.
 *
 * @param hook, user_ctx  what it was registered with
 * @return as hotreload_unregister_pre_hook()
 */
esp_err_t hotreload_unregister_handover_hook(hotreload_handover_fn_t hook, void *user_ctx);

/**
 * Remove one post hook, as hotreload_unregister_pre_hook() does a pre hook.
 *
 * @param hook, user_ctx  what it was registered with
 * @return as hotreload_unregister_pre_hook()
 */
esp_err_t hotreload_unregister_post_hook(hotreload_hook_fn_t hook, void *user_ctx);

/**
 * The address of a function of the new module, to be called directly, through a pointer of its type.
 * It is good until that module goes: call it in the hook, and do not keep it.
 *
 * @param handover  what the handover hook was given
 * @param name      one of symbol_names
 * @return NULL: there is no such name
 */
void *hotreload_handover_new(const hotreload_handover_t *handover, const char *name);

/**
 * The same of the old module.
 *
 * @param handover  what the handover hook was given
 * @param name      one of the symbol_names that the old module was loaded with
 * @return NULL: there is no old module, or no such name
 */
void *hotreload_handover_old(const hotreload_handover_t *handover, const char *name);

/**
 * What came of the reload, for post hooks.
 *
 * @return ESP_OK, or what the reload is going to return; ESP_ERR_INVALID_STATE while no post hooks run
 */
esp_err_t hotreload_reload_outcome(void);

/**
 * Write a module to a flash partition; it is not loaded. The module is checked first: a broken one
 * leaves the flash as it is, and so does one that lacks a function of the module that is loaded.
 * The module written before stays in the partition until the new one is complete.
 *
 * @param partition_label  label of the flash partition
 * @param elf_data         the ELF, in RAM, of any alignment
 * @param elf_size         its size
 * @return
 *  - ESP_OK: written and verified; the next load takes it
 *  - ESP_ERR_INVALID_ARG: a null pointer or an empty label
 *  - ESP_ERR_INVALID_STATE: called from a hook, or from a task whose stack is in PSRAM
 *  - ESP_ERR_INVALID_SIZE: too large for the partition
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - ESP_ERR_NO_MEM: not enough RAM for checking and writing it
 *  - HOTRELOAD_ERR_BUSY: another update is being written, or the old module is being unloaded first
 *  - HOTRELOAD_ERR_...: the module was refused, or the partition cannot hold updates
 *  - other: the flash could not be read or written
 */
esp_err_t hotreload_update_partition(const char *partition_label,
                                     const void *elf_data, size_t elf_size);

/** An update that is being written, from hotreload_update_begin() to its end or abort. */
typedef struct hotreload_update hotreload_update_t;

/**
 * Begin to write a module to a flash partition piece by piece, as it arrives over BLE, MQTT or from
 * a server of your own. The module is not loaded. One update at a time is written, over HTTP or
 * here; it keeps nobody from loading and calling modules.
 *
 * Nothing is erased until the first 1792 bytes are there, or all if they are fewer: what is no
 * module, what belongs to another firmware, and what is larger than all RAM is refused before that
 * and has cost nothing.
 *
 * An update that is not ended CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS after its begin is given up for the
 * next one that begins; it still has to be ended or aborted, which frees its 2.2 KB of RAM.
 *
 * @param partition_label  label of the flash partition
 * @param elf_size         the size of the ELF, which is refused at once if it is too large; 0 when it
 *                         is not known yet
 * @param[out] update      for the other functions, which one task at a time may call; NULL after a
 *                         failure
 * @return
 *  - ESP_OK
 *  - ESP_ERR_INVALID_ARG: a null pointer or an empty label
 *  - ESP_ERR_INVALID_STATE: called from a hook, or from a task whose stack is in PSRAM
 *  - ESP_ERR_INVALID_SIZE: too large for the partition
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - ESP_ERR_NO_MEM: not enough RAM
 *  - HOTRELOAD_ERR_BUSY: another update is being written, or the old module is being unloaded first
 *  - HOTRELOAD_ERR_PARTITION: the partition cannot hold updates
 */
esp_err_t hotreload_update_begin(const char *partition_label, size_t elf_size,
                                 hotreload_update_t **update);

/**
 * Write the next bytes of the ELF. After a failure the update is over: all that follows gives the
 * same error, and another update may begin.
 *
 * @param update  from hotreload_update_begin()
 * @param data    the bytes, of any number and alignment; not needed after the call
 * @param size    how many
 * @return
 *  - ESP_OK
 *  - ESP_ERR_INVALID_ARG: a null pointer
 *  - ESP_ERR_INVALID_STATE: called from a hook, or by two tasks at once
 *  - ESP_ERR_INVALID_SIZE: larger than the partition holds
 *  - ESP_ERR_NO_MEM: a segment is larger than all RAM of its kind
 *  - HOTRELOAD_ERR_UPLOAD_TIMEOUT: CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS have passed
 *  - HOTRELOAD_ERR_...: the module was refused
 *  - other: the flash could not be read or written
 */
esp_err_t hotreload_update_write(hotreload_update_t *update, const void *data, size_t size);

/**
 * All bytes are written: check the module as a load would and, if it is good, make it the newest in
 * flash. The next load takes it.
 *
 * @param update  from hotreload_update_begin(); freed, whatever the result, but for a null pointer and
 *                a call from a hook
 * @return as hotreload_update_write(), and as hotreload_update_partition() for what is found out only
 *  now
 */
esp_err_t hotreload_update_end(hotreload_update_t *update);

/**
 * Give an update up. What was written of it is never loaded.
 *
 * @param update  from hotreload_update_begin(); freed as by hotreload_update_end()
 * @return ESP_OK, ESP_ERR_INVALID_ARG: a null pointer, or ESP_ERR_INVALID_STATE: called from a hook
 */
esp_err_t hotreload_update_abort(hotreload_update_t *update);

/**
 * Whether an update waits for hotreload_reload(): one that was completely written since boot, by
 * hotreload_update_partition() or over HTTP, and that no load or reload has taken yet. A reload
 * that fails leaves it waiting, unless the old module had to be unloaded for it. False after a reset,
 * until another update is written: the first load takes the newest module anyway.
 *
 * For applications that choose the moment of a reload. Never waits; may be called from a hook.
 *
 * @return true while an update waits
 */
bool hotreload_update_available(void);

/** @name What is in flash
 *  A module that was written or flashed is unproven until it is confirmed, see
 *  hotreload_confirm(). What was found out about it is kept in flash, beside it.
 *  @{ */

/** Modules that a partition can hold. */
#define HOTRELOAD_SLOTS 2

/** What is known of a slot. */
typedef enum {
    HOTRELOAD_SLOT_BLANK,     /**< Nothing is there. */
    HOTRELOAD_SLOT_DAMAGED,   /**< Nothing that is known, such as the rest of an update that was cut off. */
    HOTRELOAD_SLOT_WRITTEN,   /**< An unproven module. */
    HOTRELOAD_SLOT_CONFIRMED, /**< A module that was confirmed; the last such one is never written over. */
    HOTRELOAD_SLOT_BAD,       /**< A module that was marked bad: it is not taken. */
    HOTRELOAD_SLOT_YIELDED,   /**< A module that was started too often without being confirmed: it is not taken. */
    HOTRELOAD_SLOT_OTHER,     /**< A module of another firmware. */
} hotreload_slot_state_t;

/** One slot of a partition. */
typedef struct {
    uint32_t slot;                /**< Where it is: 0 or 1. */
    hotreload_slot_state_t state; /**< What is known of it. */
    uint32_t size;                /**< Of the ELF; 0: none, or a raw one that was flashed. */
    uint32_t sequence;            /**< Higher is newer; 0xffffffff: flashed, 0: flashed before the newest update. */
    uint32_t starts;              /**< That count, since it was written or hotreload_retry() gave it another chance. */
    bool hash_known;              /**< Not of a raw ELF, which has no record. */
    bool newest;                  /**< Of those that have a module. */
    bool running;                 /**< It is the module that is loaded. */
    uint8_t hash[32];             /**< SHA-256 of the ELF. */
} hotreload_slot_t;

/**
 * Tell what a flash partition holds: both slots, the newest first. Reads no module: whether one is
 * whole is found out when it is loaded. Never waits for an operation; may be called from a hook.
 *
 * @param partition_label  label of the flash partition
 * @param[out] list        room for both
 * @param[out] count       how many were told, HOTRELOAD_SLOTS
 * @return
 *  - ESP_OK
 *  - ESP_ERR_INVALID_ARG: a null pointer or an empty label
 *  - ESP_ERR_INVALID_STATE: called from a task whose stack is in PSRAM
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - HOTRELOAD_ERR_PARTITION: it has fewer than two erase blocks
 *  - other: the flash could not be read
 */
esp_err_t hotreload_list(const char *partition_label, hotreload_slot_t list[HOTRELOAD_SLOTS],
                         size_t *count);

/**
 * Confirm the module that is loaded: it works. From then on it starts for ever, and no update is
 * written over it before another one is confirmed. Without
 * CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION that happens by itself when the module has run for
 * CONFIG_HOTRELOAD_CONFIRM_MS; with it, only this function and POST /confirm do it.
 *
 * Never waits for an operation; may be called from a hook, and again for a module that is
 * confirmed.
 *
 * @return
 *  - ESP_OK
 *  - ESP_ERR_INVALID_STATE: no module is loaded, it was marked bad, or called from a task whose stack
 *    is in PSRAM
 *  - ESP_ERR_NOT_SUPPORTED: it came from RAM, or was flashed as a raw ELF, of which nothing can be kept
 *  - HOTRELOAD_ERR_STORE: an update was written over its slot, or the flash is worn out
 *  - HOTRELOAD_ERR_BUSY: an update is being written over its slot
 *  - HOTRELOAD_ERR_PARTITION: the partition is encrypted: nothing can be kept
 *  - other: the flash could not be read or written
 */
esp_err_t hotreload_confirm(void);

/**
 * Turn the loaded module away: replace it by the other one in flash as hotreload_reload() does, and
 * mark it bad, so that no load takes it until hotreload_retry(). With none loaded the newest one is
 * turned away and the one before it is loaded. After a failure nothing has changed, as far as
 * hotreload_reload() says so; only when the mark itself fails the other module is loaded
 * nevertheless.
 *
 * @param config  as for hotreload_load()
 * @return as hotreload_reload(), and
 *  - HOTRELOAD_ERR_NO_MODULE: the flash has no other module that can be taken
 *  - ESP_ERR_NOT_SUPPORTED: the module came from RAM
 *  - HOTRELOAD_ERR_PARTITION: the partition is encrypted: nothing can be marked
 */
esp_err_t hotreload_rollback(const hotreload_config_t *config);

/**
 * Give the newest module in flash that was marked bad, or that has yielded, another chance: it is
 * unproven again, as if it had just been written. Does not load it. Possible three times for each
 * module that was written.
 *
 * Never waits for an operation; may be called from a hook.
 *
 * @param partition_label  label of the flash partition
 * @return
 *  - ESP_OK
 *  - ESP_ERR_INVALID_ARG: a null pointer or an empty label
 *  - ESP_ERR_INVALID_STATE: called from a task whose stack is in PSRAM
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - HOTRELOAD_ERR_NOTHING_TO_UNDO: no module was marked bad or has yielded
 *  - HOTRELOAD_ERR_UNDO_USED_UP: it had three more chances already, or is a raw ELF, which is bad for
 *    good: write it again
 *  - other: the flash could not be read or written
 */
esp_err_t hotreload_retry(const char *partition_label);
/** @} */

/**
 * Start the HTTP server: POST /upload, /reload, /upload-and-reload, GET /status, /pending. Reloads,
 * and with them the hooks, run in the server's task; with
 * CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE the server leaves them to the application, see
 * hotreload_update_available(). Each upload has a task of its own while it lasts. Without
 * CONFIG_HOTRELOAD_AUTH whoever reaches the port can run code on the device.
 *
 * @param config  copied, and so is the label; table and names must stay valid while the server runs
 * @return
 *  - ESP_OK: listening
 *  - ESP_ERR_INVALID_ARG: a null pointer, an empty label, or a null name within symbol_count
 *  - ESP_ERR_INVALID_STATE: already started, called from a hook, or from a task whose stack is in PSRAM
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - HOTRELOAD_ERR_PORT: config->port or config->ctrl_port is in use; the log says which
 *  - ESP_ERR_NO_MEM: no socket is free, or no memory
 *  - other: what httpd_start() gave
 */
esp_err_t hotreload_server_start(const hotreload_server_config_t *config);

/**
 * Stop the HTTP server. Waits for a reload under way; an upload under way is ended, and its client
 * told so; the module stays loaded.
 *
 * @return ESP_OK, or ESP_ERR_INVALID_STATE: not started, or called from a hook, in which the server
 *         might wait for itself
 */
esp_err_t hotreload_server_stop(void);

/**
 * Make the same endpoints reachable in a server of the application instead, one of httpd_start() or of
 * httpd_ssl_start(): over TLS, beside the application's own endpoints, and without another task, port
 * and sockets. What such a server does not do:
 * - it handles one request at a time, an upload as well: meanwhile nobody else is answered, for as long
 *   as CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS, and a second upload waits for the first;
 * - a client that sends half of its headers, or waits for "100 Continue", holds it for the
 *   `recv_wait_timeout` of its httpd_config_t;
 * - it answers unknown endpoints, wrong methods and malformed requests in its own way, not as JSON.
 *
 * Its `max_uri_handlers` has to leave room for 9, and its `stack_size` has to be 8192 bytes or more:
 * hooks run in its task.
 *
 * @param httpd   the server's httpd_handle_t; stop it after hotreload_server_detach() only
 * @param config  as for hotreload_server_start(); `port` and `ctrl_port` are the server's own and not
 *                used
 * @return
 *  - ESP_OK: the endpoints are there
 *  - ESP_ERR_INVALID_ARG: a null pointer, an empty label, or a null name within symbol_count
 *  - ESP_ERR_INVALID_STATE: already started or attached, called from a hook, or from a task whose stack
 *    is in PSRAM
 *  - ESP_ERR_NOT_FOUND: no partition of that label
 *  - ESP_ERR_HTTPD_HANDLERS_FULL, ESP_ERR_HTTPD_HANDLER_EXISTS: no endpoint is there; the log says which
 *    one had no room or is taken
 */
esp_err_t hotreload_server_attach(void *httpd, const hotreload_server_config_t *config);

/**
 * Take the endpoints out of the application's server, which goes on. Waits for a request of theirs that
 * is being handled; the module stays loaded.
 *
 * @return ESP_OK, or ESP_ERR_INVALID_STATE: not attached, or called from a hook
 */
esp_err_t hotreload_server_detach(void);

/**
 * Name of an error code: those of the component, and any other as esp_err_to_name() has it.
 *
 * @param err  any esp_err_t
 * @return a constant string, never NULL
 */
const char *hotreload_err_to_name(esp_err_t err);

#ifdef __cplusplus
}
#endif
