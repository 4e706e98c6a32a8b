/* SPDX-License-Identifier: MIT */
#pragma once

/* the whole image is in RAM: the placements that matter on a chip change nothing here */
#define IRAM_ATTR
#define DRAM_ATTR
#define WORD_ALIGNED_ATTR __attribute__((aligned(4)))
#define DMA_ATTR WORD_ALIGNED_ATTR
#define FORCE_INLINE_ATTR static inline __attribute__((always_inline))
#define NOINLINE_ATTR __attribute__((noinline))
#define DRAM_STR(str) (str)
#define COREDUMP_DRAM_ATTR
#define RTC_IRAM_ATTR
#define RTC_DATA_ATTR
#define RTC_RODATA_ATTR
#define EXT_RAM_BSS_ATTR
#define EXT_RAM_ATTR

/* keeps its value across resets; a section of its own per variable, for --gc-sections */
#define _NOINIT_NAME(counter) ".noinit." #counter
#define _NOINIT_SECTION(counter) __attribute__((section(_NOINIT_NAME(counter))))
#define __NOINIT_ATTR _NOINIT_SECTION(__COUNTER__)
#define RTC_NOINIT_ATTR __NOINIT_ATTR

#define FLAG_ATTR(TYPE)
#define IDF_DEPRECATED(reason) __attribute__((deprecated(reason)))
