/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "esp_cpu.h"
#include "esp_heap_caps.h"
#include "esp_private/panic_internal.h"
#include "esp_rom_sys.h"
#include "esp_system.h"

const char *esp_get_idf_version(void)
{
    return IDF_VER;
}

uint32_t esp_get_free_heap_size(void)
{
    return heap_caps_get_free_size(MALLOC_CAP_DEFAULT);
}

uint32_t esp_get_free_internal_heap_size(void)
{
    return heap_caps_get_free_size(MALLOC_CAP_8BIT | MALLOC_CAP_DMA | MALLOC_CAP_INTERNAL);
}

uint32_t esp_get_minimum_free_heap_size(void)
{
    return heap_caps_get_minimum_free_size(MALLOC_CAP_DEFAULT);
}

void esp_system_abort(const char *details)
{
    panic_abort(details);
}

static void print_check_failed(const char *what, esp_err_t rc, const char *file, int line,
                               const char *function, const char *expression, uint32_t caller)
{
    esp_rom_printf("%s failed: esp_err_t 0x%x (%s) at 0x%08x\n", what, (unsigned)rc,
                   esp_err_to_name(rc), (unsigned)caller);
    esp_rom_printf("file: \"%s\" line %d\nfunc: %s\nexpression: %s\n", file, line, function,
                   expression);
}

static uint32_t call_before(void *return_address)
{
    return esp_cpu_process_stack_pc((uint32_t)return_address);
}

void _esp_error_check_failed(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression)
{
    print_check_failed("ESP_ERROR_CHECK", rc, file, line, function, expression,
                       call_before(__builtin_return_address(0)));
    abort();
}

void _esp_error_check_failed_without_abort(esp_err_t rc, const char *file, int line,
                                           const char *function, const char *expression)
{
    print_check_failed("ESP_ERROR_CHECK_WITHOUT_ABORT", rc, file, line, function, expression,
                       call_before(__builtin_return_address(0)));
}
