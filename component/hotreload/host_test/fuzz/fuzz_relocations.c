/* SPDX-License-Identifier: MIT */
/* Any symbols and relocations, as hr_image_open() hands them over: refused, or applied inside the
   segments. The input is a header, symbols, relocations, and what is in the segments; seeds.py
   writes the same. */
#include <stdlib.h>

#include "elf/hr_identity.h"
#include "arch/hr_reloc.h"
#include "staged.h"

#define TEXT 0x10000000 /* as elf_builder.py links */
#define DATA 0x14000000

typedef struct {
    uint8_t symbols;
    uint8_t sections; /* headers; a stripped module has none */
    uint16_t relocations[HR_RELOCATION_TABLES];
    uint16_t text_words;
    uint16_t data_size;
    uint16_t bss_size;
} input_t;

static const char strings[] = "\0name";

/* nothing here asks for it */
hr_identity_t hr_firmware_identity(void)
{
    return (hr_identity_t) {{0}};
}

/* As many entries as are wanted and there. */
static hr_table_t take(uint32_t *at, uint32_t end, uint32_t wanted, uint32_t entry_size)
{
    uint32_t there = (end - *at) / entry_size;
    hr_table_t table = {*at, wanted < there ? wanted : there};
    *at += table.count * entry_size;
    return table;
}

static void add_segment(hr_image_t *image, hr_segment_kind_t kind, uint32_t link, hr_table_t bytes,
                        uint32_t size)
{
    if (size > 0) {
        image->segments[image->segment_count++] = (hr_segment_t) {
            .kind = kind,
            .link = link,
            .offset = bytes.offset,
            .file_size = bytes.count,
            .memory_size = size,
            .align = 4,
        };
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input;
    if (size < sizeof(input)) {
        return 0;
    }
    memcpy(&input, data, sizeof(input));
    uint32_t end = (uint32_t)size;
    uint8_t *block = malloc(size + sizeof(strings));
    memcpy(block, data, size);
    memcpy(block + size, strings, sizeof(strings));

    hr_image_t image = {.data = block, .size = (uint32_t)(size + sizeof(strings))};
    image.header.shnum = input.sections;
    image.strings = (hr_table_t) {end, sizeof(strings)};
    uint32_t at = sizeof(input);
    image.symbols = take(&at, end, input.symbols, sizeof(hr_elf_symbol_t));
    for (size_t i = 0; i < HR_RELOCATION_TABLES; i++) {
        image.relocations[i] = take(&at, end, input.relocations[i], sizeof(hr_elf_rela_t));
    }
    uint32_t text_size = input.text_words * 4u;
    uint32_t data_size = (uint32_t)input.data_size + input.bss_size;
    add_segment(&image, HR_SEGMENT_TEXT, TEXT, take(&at, end, text_size, 1), text_size);
    add_segment(&image, HR_SEGMENT_DATA, DATA, take(&at, end, input.data_size, 1), data_size);
    image.load_count = image.segment_count;

    hr_report_t report;
    uint32_t total;
    if (hr_reloc_check(&image, &total, &report) == ESP_OK) {
        staged_check(&image, NULL, 0);
    }
    free(block);
    return 0;
}
