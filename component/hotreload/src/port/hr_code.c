/* SPDX-License-Identifier: MIT */
#include "port/hr_code.h"

#include "soc/soc.h"

/* of ESP-IDF's linker script; IRAM is not apart on all boards */
extern const char _text_start[];
extern const char _text_end[];
extern const char _iram_text_start[] __attribute__((weak));
extern const char _iram_text_end[] __attribute__((weak));

static hr_code_t range(const char *start, const char *end)
{
    return (hr_code_t) {(uint32_t)(uintptr_t)start, (uint32_t)(end - start)};
}

size_t hr_code_ranges(hr_code_t ranges[HR_CODE_RANGES_MAX])
{
    size_t count = 0;
    ranges[count++] = range(_text_start, _text_end);
    if (_iram_text_start != NULL) {
        ranges[count++] = range(_iram_text_start, _iram_text_end);
    }
#ifdef SOC_IROM_MASK_LOW
    ranges[count++] = (hr_code_t) {SOC_IROM_MASK_LOW, SOC_IROM_MASK_HIGH - SOC_IROM_MASK_LOW};
#endif
    return count;
}
