/* SPDX-License-Identifier: MIT */

/**
 * @file
 * Let tests look into a running firmware: call its functions and those of its module, read and write
 * its memory.
 *
 * It is an HTTP server of its own beside the component's. A test reaches it as `device.probe`. It is
 * for tests alone: it asks nobody who they are, and does to the firmware whatever it is told.
 *
 * Sizes are in bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_http_server.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

/** TCP port of the probe. */
#define HOTRELOAD_PROBE_PORT 8081

/** What the probe calls, and the room that it has. */
typedef struct {
    const uint32_t *symbol_table;     /**< As in hotreload_config_t; has to stay valid, as the rest. */
    const char *const *symbol_names;  /**< As in hotreload_config_t. */
    const uintptr_t *stub_addresses;  /**< The stub of each function, in the order of the names. */
    size_t symbol_count;              /**< Number of entries of each. */
    uint16_t own_endpoints;           /**< Room for so many endpoints that the application adds. */
    size_t stack_size;                /**< Of the task in which functions are called; 0 is 8192. */
} hotreload_probe_config_t;

/** Initializer for hotreload_probe_config_t; include `reloadable_util.h` as well. */
#define HOTRELOAD_PROBE_CONFIG_DEFAULT() {          \
        .symbol_table = hotreload_symbol_table,     \
        .symbol_names = hotreload_symbol_names,     \
        .stub_addresses = hotreload_stub_addresses, \
        .symbol_count = hotreload_symbol_count,     \
        .own_endpoints = 0,                         \
        .stack_size = 0,                            \
    }

#if CONFIG_HOTRELOAD_PROBE || defined(__DOXYGEN__)

/**
 * Start the probe. The network has to be there, and hotreload_server_start() comes behind it: tests take
 * the component's server as the sign that the device is ready.
 *
 * @param config  what to call; not used any more when the call returns
 * @param server  gets the server's handle, for endpoints of the application's own and for
 *                httpd_stop(); may be NULL. Without CONFIG_HOTRELOAD_PROBE it gets NULL.
 * @return ESP_OK, also without CONFIG_HOTRELOAD_PROBE, or what httpd_start() says: ESP_FAIL when the
 *         port is in use, ESP_ERR_HTTPD_TASK or ESP_ERR_HTTPD_ALLOC_MEM without memory
 */
esp_err_t hotreload_probe_start(const hotreload_probe_config_t *config, httpd_handle_t *server);

#else

static inline esp_err_t hotreload_probe_start(const hotreload_probe_config_t *config,
                                              httpd_handle_t *server)
{
    (void)config;
    if (server != NULL) {
        *server = NULL;
    }
    return ESP_OK;
}

#endif

/** hotreload_probe_start() with the generated table. */
#define HOTRELOAD_PROBE_START_DEFAULT()                                             \
    __extension__({                                                                 \
        const hotreload_probe_config_t config_ = HOTRELOAD_PROBE_CONFIG_DEFAULT();  \
        hotreload_probe_start(&config_, NULL);                                      \
    })

#ifdef __cplusplus
}
#endif
