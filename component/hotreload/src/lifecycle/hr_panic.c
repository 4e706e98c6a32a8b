/* SPDX-License-Identifier: MIT */
/* What a panic has to do with modules, before ESP-IDF's handler prints and restarts: a line for each
   one that the crashed task was in, and a note whether there was any. The build puts this between
   (--wrap=esp_panic_handler).

   Known is only where the crashed task was, and who called it: in the firmware's own code, all of it,
   and no module was involved. What cannot be followed to the first function of the task, an interrupt
   handler among it, counts against the module. What stays unknown is who broke the memory that the
   firmware then crashed with. */
#include <stdbool.h>
#include <stdint.h>

#include "arch/hr_stack.h"
#include "esp_memory_utils.h"
#include "esp_private/panic_internal.h"
#include "esp_rom_sys.h"
#include "flash/hr_starts.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module/hr_module.h"
#include "port/hr_code.h"
#include "port/hr_idf.h"
#include HR_IDF_TASK_SNAPSHOT_H
#include "sdkconfig.h"

#if CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT
#define SILENT true
#else
#define SILENT false
#endif

/* More are not told of, should the list be broken and have no end. */
#define MODULES_MAX 8

/* Of a stack that belongs to no task, an interrupt handler's for instance. */
#define FOREIGN_STACK_SIZE 4096

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

/* Another one, as far as there is memory; nothing of it where there is none. */
static hr_stack_t foreign_stack(uint32_t sp)
{
    const uint8_t *memory = (const uint8_t *)(uintptr_t)sp - HR_STACK_SAVE_AREA;
    uint32_t low = sp - HR_STACK_SAVE_AREA;
    bool is_there = esp_stack_ptr_is_sane(sp) && esp_ptr_byte_accessible(memory)
                    && esp_ptr_byte_accessible(memory + FOREIGN_STACK_SIZE - 1);
    return (hr_stack_t) {memory, low, is_there ? low + FOREIGN_STACK_SIZE : low};
}

static bool is_involved(const hr_stack_t *stack, const hr_stack_registers_t *registers)
{
    hr_code_t code[HR_CODE_RANGES_MAX];
    hr_text_t texts[HR_CODE_RANGES_MAX];
    size_t count = hr_code_ranges(code);
    for (size_t i = 0; i < count; i++) {
        texts[i] = (hr_text_t) {code[i].start, code[i].size};
    }
    return !hr_stack_within(stack, registers, texts, count);
}

/* Nothing is trusted that memory may have been written over. */
static bool is_sane(const hr_module_t *module)
{
    return esp_ptr_byte_accessible(module) && esp_ptr_word_aligned(module)
        && module->placement.count <= HR_SEGMENTS_MAX;
}

/* Where its ELF lies is told, too: so much is needed to name the addresses of the backtrace. */
static void tell(const hr_module_t *module, const hr_stack_t *stack,
                 const hr_stack_registers_t *registers)
{
    const hr_placed_t *text = hr_place_first(&module->placement, HR_SEGMENT_TEXT);
    const hr_placed_t *data = hr_place_first(&module->placement, HR_SEGMENT_DATA);
    uint32_t address;
    if (hr_stack_find(stack, registers, (hr_text_t) {text->run, text->size}, &address)) {
        esp_rom_printf("\nhotreload: panic in module %u at text+0x%x (text 0x%08x data 0x%08x"
                       " size %u elf %08x)\n", (unsigned)module->number,
                       (unsigned)(address - text->run), (unsigned)text->run, (unsigned)data->run,
                       (unsigned)module->size, (unsigned)module->mark);
    }
}

static void tell_all(const hr_stack_t *stack, const hr_stack_registers_t *registers)
{
    const hr_module_t *module = hr_module_newest();
    for (int i = 0; i < MODULES_MAX && is_sane(module); i++) {
        tell(module, stack, registers);
        module = module->next_placed;
    }
}

void __wrap_esp_panic_handler(panic_info_t *info)
{
    hr_starts_note_panic(true); /* stays when what follows crashes itself */
    hr_stack_registers_t registers = hr_stack_registers(info->frame);
    hr_stack_t stack;
    bool is_known = find_stack(registers.sp, &stack);
    if (!is_known) {
        stack = foreign_stack(registers.sp);
    }
    hr_starts_note_panic(!is_known || is_involved(&stack, &registers));
    if (!SILENT) {
        tell_all(&stack, &registers);
    }
    __real_esp_panic_handler(info);
}
