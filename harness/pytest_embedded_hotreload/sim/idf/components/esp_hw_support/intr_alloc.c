/* SPDX-License-Identifier: MIT */
#include "esp_intr_alloc.h"

#include <stddef.h>

#include "xtensa/xtensa_api.h"

struct intr_handle_data_t {
    bool used;
};

static struct intr_handle_data_t s_lines[XT_INTERRUPT_COUNT];

static uint32_t mask_of(intr_handle_t handle)
{
    return 1u << (handle - s_lines);
}

static bool is_used(intr_handle_t handle)
{
    return handle >= s_lines && handle < s_lines + XT_INTERRUPT_COUNT && handle->used;
}

esp_err_t esp_intr_alloc(int source, int flags, intr_handler_t handler, void *arg,
                         intr_handle_t *handle)
{
    if (!handler) {
        return ESP_ERR_INVALID_ARG;
    }
    if (source != ETS_UART0_INTR_SOURCE && source != ETS_ETH_MAC_INTR_SOURCE &&
        source != ETS_INTERNAL_SW0_INTR_SOURCE) {
        return ESP_ERR_NOT_FOUND;
    }
    intr_handle_t line = &s_lines[source];
    uint32_t ps = xt_int_disable();
    bool used = line->used;
    line->used = true;
    xt_int_restore(ps);
    if (used) {
        return ESP_ERR_NOT_FOUND;
    }
    xt_set_interrupt_handler(source, handler, arg);
    if (!(flags & ESP_INTR_FLAG_INTRDISABLED)) {
        xt_ints_on(mask_of(line));
    }
    if (handle) {
        *handle = line;
    }
    return ESP_OK;
}

esp_err_t esp_intr_free(intr_handle_t handle)
{
    if (!is_used(handle)) {
        return ESP_ERR_INVALID_ARG;
    }
    xt_ints_off(mask_of(handle));
    xt_set_interrupt_handler((int)(handle - s_lines), NULL, NULL);
    handle->used = false;
    return ESP_OK;
}

esp_err_t esp_intr_enable(intr_handle_t handle)
{
    if (!is_used(handle)) {
        return ESP_ERR_INVALID_ARG;
    }
    xt_ints_on(mask_of(handle));
    return ESP_OK;
}

esp_err_t esp_intr_disable(intr_handle_t handle)
{
    if (!is_used(handle)) {
        return ESP_ERR_INVALID_ARG;
    }
    xt_ints_off(mask_of(handle));
    return ESP_OK;
}

int esp_intr_get_intno(intr_handle_t handle)
{
    return (int)(handle - s_lines);
}

int esp_intr_get_cpu(intr_handle_t handle)
{
    (void)handle;
    return 0;
}
