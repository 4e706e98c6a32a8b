/* SPDX-License-Identifier: MIT */
/* Whether a module was involved in the panic that ends the device: noted before ESP-IDF's handler
   prints and restarts. The build puts this between (--wrap=esp_panic_handler).

   Known is only where the crashed task was, and who called it: in the firmware's own code, all of it,
   and no module was involved. What cannot be followed to the first function of the task, an interrupt
   handler among it, counts against the module. What stays unknown is who broke the memory that the
   firmware then crashed with. */
#include "sdkconfig.h"

#ifdef CONFIG_HOTRELOAD_BOOT_GUARD

#include <stdbool.h>
#include <stdint.h>

#include "arch/hr_stack.h"
#include "esp_memory_utils.h"
#include "esp_private/panic_internal.h"
#include "flash/hr_starts.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port/hr_code.h"
#include "port/hr_idf.h"
#include HR_IDF_TASK_SNAPSHOT_H

void __real_esp_panic_handler(panic_info_t *info);
void __wrap_esp_panic_handler(panic_info_t *info);

/* The stack of the task that crashed from its frame on; false when `sp` is on no stack of a task. */
static bool find_stack(uint32_t sp, hr_stack_t *stack)
{
    TaskSnapshot_t task;
    TaskHandle_t handle = xTaskGetCurrentTaskHandle();
    if (handle == NULL || vTaskGetSnapshot(handle, &task) != pdTRUE || !esp_stack_ptr_is_sane(sp)) {
        return false;
    }
    uint32_t start = (uint32_t)(uintptr_t)pxTaskGetStackStart(handle);
    uint32_t end = ((uint32_t)(uintptr_t)task.pxEndOfStack | 15) + 1;
    uint32_t low = sp - HR_STACK_SAVE_AREA;
    *stack = (hr_stack_t) {.memory = (const uint8_t *)(uintptr_t)low, .low = low, .high = end};
    return low >= start && sp < end;
}

static bool is_involved(const void *frame)
{
    hr_code_t code[HR_CODE_RANGES_MAX];
    hr_text_t texts[HR_CODE_RANGES_MAX];
    hr_stack_t stack;
    size_t count = hr_code_ranges(code);
    for (size_t i = 0; i < count; i++) {
        texts[i] = (hr_text_t) {code[i].start, code[i].size};
    }
    hr_stack_registers_t registers = hr_stack_registers(frame);
    return !find_stack(registers.sp, &stack)
           || !hr_stack_within(&stack, &registers, texts, count);
}

void __wrap_esp_panic_handler(panic_info_t *info)
{
    hr_starts_note_panic(true); /* stays when what follows crashes itself */
    hr_starts_note_panic(is_involved(info->frame));
    __real_esp_panic_handler(info);
}

#endif
