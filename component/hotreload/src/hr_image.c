/* SPDX-License-Identifier: MIT */
#include "hr_image.h"

#include <inttypes.h>

#include "hotreload.h"

/* Sums are made in 64 bits: three 32-bit values cannot wrap there. */
static bool inside(const hr_image_t *image, uint64_t offset, uint64_t size)
{
    return offset + size <= image->size;
}

static void extend(hr_image_t *image, uint64_t end)
{
    if (end > image->extent) {
        image->extent = (uint32_t)end;
    }
}

static hr_elf_section_t section_header(const hr_image_t *image, uint32_t index)
{
    hr_elf_section_t header;
    hr_image_read(image, image->header.shoff + index * sizeof(header), &header, sizeof(header));
    return header;
}

static esp_err_t check_ident(const uint8_t *ident, size_t size, hr_report_t *report)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    if (size == 0) {
        return hr_reject(report, HOTRELOAD_ERR_EMPTY, "the image has no bytes");
    }
    if (size < sizeof(hr_elf_header_t)) {
        return hr_reject(report, HOTRELOAD_ERR_TRUNCATED,
                         "the image has %u bytes, an ELF header has %u",
                         (unsigned)size, (unsigned)sizeof(hr_elf_header_t));
    }
    if (memcmp(ident, magic, sizeof(magic)) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_MAGIC,
                         "not an ELF: starts with %02x %02x %02x %02x, not with 7f 45 4c 46",
                         ident[0], ident[1], ident[2], ident[3]);
    }
    if (ident[HR_ELF_CLASS] != HR_ELF_CLASS_32) {
        return hr_reject(report, HOTRELOAD_ERR_CLASS, "EI_CLASS is %u, not %u (32-bit)",
                         ident[HR_ELF_CLASS], HR_ELF_CLASS_32);
    }
    if (ident[HR_ELF_DATA] != HR_ELF_DATA_LSB) {
        return hr_reject(report, HOTRELOAD_ERR_ENDIANNESS, "EI_DATA is %u, not %u (little-endian)",
                         ident[HR_ELF_DATA], HR_ELF_DATA_LSB);
    }
    if (ident[HR_ELF_VERSION] != HR_ELF_VERSION_CURRENT) {
        return hr_reject(report, HOTRELOAD_ERR_VERSION, "EI_VERSION is %u, not %u",
                         ident[HR_ELF_VERSION], HR_ELF_VERSION_CURRENT);
    }
    return ESP_OK;
}

esp_err_t hr_image_check_header(const void *data, size_t size, hr_elf_header_t *header,
                                hr_report_t *report)
{
    esp_err_t err = check_ident(data, size, report);
    if (err != ESP_OK) {
        return err;
    }
    memcpy(header, data, sizeof(*header));

    if (header->machine != HR_ELF_MACHINE_XTENSA) {
        return hr_reject(report, HOTRELOAD_ERR_MACHINE, "e_machine is %u, not %u (Xtensa)",
                         header->machine, HR_ELF_MACHINE_XTENSA);
    }
    if (header->type != HR_ELF_TYPE_DYN) {
        return hr_reject(report, HOTRELOAD_ERR_TYPE, "e_type is %u, not %u (shared object)",
                         header->type, HR_ELF_TYPE_DYN);
    }
    if (header->version != HR_ELF_VERSION_CURRENT) {
        return hr_reject(report, HOTRELOAD_ERR_VERSION, "e_version is %" PRIu32 ", not %u",
                         header->version, HR_ELF_VERSION_CURRENT);
    }
    if (header->ehsize != sizeof(*header)) {
        return hr_reject(report, HOTRELOAD_ERR_HEADER_SIZE, "e_ehsize is %u, not %u",
                         header->ehsize, (unsigned)sizeof(*header));
    }
    return ESP_OK;
}

static esp_err_t check_program_table(hr_image_t *image, hr_report_t *report)
{
    const hr_elf_header_t *header = &image->header;
    extend(image, sizeof(*header));
    if (header->phnum == 0) {
        return hr_reject(report, HOTRELOAD_ERR_PROGRAM_HEADERS, "e_phnum is 0");
    }
    if (header->phentsize != sizeof(hr_elf_segment_t)) {
        return hr_reject(report, HOTRELOAD_ERR_HEADER_SIZE, "e_phentsize is %u, not %u",
                         header->phentsize, (unsigned)sizeof(hr_elf_segment_t));
    }
    uint64_t size = (uint64_t)header->phnum * sizeof(hr_elf_segment_t);
    if (!inside(image, header->phoff, size)) {
        return hr_reject(report, HOTRELOAD_ERR_PROGRAM_HEADERS,
                         "e_phoff 0x%" PRIx32 " with e_phnum %u ends behind the image's %" PRIu32
                         " bytes", header->phoff, header->phnum, image->size);
    }
    extend(image, header->phoff + size);
    return ESP_OK;
}

/* They come last in the file, so this also finds a file that was cut off. */
static esp_err_t check_section_table(hr_image_t *image, hr_report_t *report)
{
    const hr_elf_header_t *header = &image->header;
    if (header->shnum == 0) {
        return ESP_OK;
    }
    if (header->shentsize != sizeof(hr_elf_section_t)) {
        return hr_reject(report, HOTRELOAD_ERR_HEADER_SIZE, "e_shentsize is %u, not %u",
                         header->shentsize, (unsigned)sizeof(hr_elf_section_t));
    }
    uint64_t size = (uint64_t)header->shnum * sizeof(hr_elf_section_t);
    if (!inside(image, header->shoff, size)) {
        return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                         "e_shoff 0x%" PRIx32 " with e_shnum %u ends behind the image's %" PRIu32
                         " bytes: the file is cut off", header->shoff, header->shnum, image->size);
    }
    extend(image, header->shoff + size);
    return ESP_OK;
}

static esp_err_t check_segment(const hr_image_t *image, uint32_t index,
                               const hr_elf_segment_t *header, hr_report_t *report)
{
    if (!inside(image, header->offset, header->filesz)) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                         "segment %" PRIu32 ": p_offset 0x%" PRIx32 " with p_filesz %" PRIu32
                         " ends behind the image's %" PRIu32 " bytes",
                         index, header->offset, header->filesz, image->size);
    }
    if (header->filesz > header->memsz) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                         "segment %" PRIu32 ": p_filesz %" PRIu32 " is more than p_memsz %" PRIu32,
                         index, header->filesz, header->memsz);
    }
    /* the end itself has to be an address too: one past the last byte may be pointed to */
    if ((uint64_t)header->vaddr + header->memsz > UINT32_MAX) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                         "segment %" PRIu32 ": p_vaddr 0x%" PRIx32 " with p_memsz %" PRIu32
                         " ends behind the address space", index, header->vaddr, header->memsz);
    }
    if ((header->align & (header->align - 1)) != 0 || header->align > HR_ALIGN_MAX) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_ALIGN,
                         "segment %" PRIu32 ": p_align is %" PRIu32 ", not a power of two up to %u",
                         index, header->align, HR_ALIGN_MAX);
    }
    if (header->align > 1 && ((header->vaddr ^ header->offset) & (header->align - 1)) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_ALIGN,
                         "segment %" PRIu32 ": p_vaddr 0x%" PRIx32 " and p_offset 0x%" PRIx32
                         " differ modulo p_align %" PRIu32,
                         index, header->vaddr, header->offset, header->align);
    }
    if (header->type == HR_ELF_PT_LOAD && (header->flags & HR_ELF_PF_X) != 0
        && header->vaddr % 4 != 0) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_ALIGN,
                         "segment %" PRIu32 ": p_vaddr 0x%" PRIx32
                         " of text is not a multiple of 4", index, header->vaddr);
    }
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const hr_segment_t *other = &image->segments[i];
        if ((uint64_t)header->vaddr + header->memsz > other->link
            && (uint64_t)other->link + other->memory_size > header->vaddr) {
            return hr_reject(report, HOTRELOAD_ERR_SEGMENT_OVERLAP,
                             "segment %" PRIu32 ": p_vaddr 0x%" PRIx32 " with p_memsz %" PRIu32
                             " overlaps the segment at 0x%" PRIx32,
                             index, header->vaddr, header->memsz, other->link);
        }
    }
    return ESP_OK;
}

static esp_err_t add_segments_of_type(hr_image_t *image, uint32_t type, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type != type || header.memsz == 0) {
            continue;
        }
        if (image->segment_count == HR_SEGMENTS_MAX) {
            return hr_reject(report, HOTRELOAD_ERR_SEGMENT_COUNT,
                             "more than %u segments to load", HR_SEGMENTS_MAX);
        }
        esp_err_t err = check_segment(image, i, &header, report);
        if (err != ESP_OK) {
            return err;
        }
        extend(image, (uint64_t)header.offset + header.filesz);
        image->segments[image->segment_count++] = (hr_segment_t) {
            .kind = (header.flags & HR_ELF_PF_X) ? HR_SEGMENT_TEXT : HR_SEGMENT_DATA,
            .link = header.vaddr,
            .offset = header.offset,
            .file_size = header.filesz,
            .memory_size = header.memsz,
            .align = header.align > 4 ? header.align : 4,
        };
    }
    return ESP_OK;
}

static esp_err_t check_segments(hr_image_t *image, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        if (hr_image_program_header(image, i).type == HR_ELF_PT_TLS) {
            return hr_reject(report, HOTRELOAD_ERR_SEGMENT_TYPE,
                             "segment %" PRIu32 ": p_type is PT_TLS, thread-local storage cannot "
                             "be loaded", i);
        }
    }
    esp_err_t err = add_segments_of_type(image, HR_ELF_PT_LOAD, report);
    if (err != ESP_OK) {
        return err;
    }
    image->load_count = image->segment_count;
    err = add_segments_of_type(image, HR_ELF_PT_HOTRELOAD_META, report);
    if (err != ESP_OK) {
        return err;
    }
    for (uint32_t i = 0; i < image->load_count; i++) {
        if (image->segments[i].kind == HR_SEGMENT_TEXT && image->segments[i].file_size > 0) {
            return ESP_OK;
        }
    }
    return hr_reject(report, HOTRELOAD_ERR_NO_TEXT, "no PT_LOAD segment with PF_X has bytes");
}

static esp_err_t check_notes(hr_image_t *image, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type != HR_ELF_PT_NOTE) {
            continue;
        }
        if (!inside(image, header.offset, header.filesz)) {
            return hr_reject(report, HOTRELOAD_ERR_NOTE,
                             "segment %" PRIu32 " (PT_NOTE): p_offset 0x%" PRIx32
                             " with p_filesz %" PRIu32 " ends behind the image's %" PRIu32
                             " bytes", i, header.offset, header.filesz, image->size);
        }
        extend(image, (uint64_t)header.offset + header.filesz);
    }
    return ESP_OK;
}

/* Dynamic tags hold link addresses; the tables are read where they lie in the file. */
static bool locate(const hr_image_t *image, uint32_t link, uint64_t size, uint32_t *offset)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const hr_segment_t *segment = &image->segments[i];
        if (link >= segment->link && link - segment->link + size <= segment->file_size) {
            *offset = segment->offset + (link - segment->link);
            return true;
        }
    }
    return false;
}

typedef struct {
    uint64_t seen; /* bit per tag */
    uint32_t value[HR_ELF_DT_COUNT];
} tags_t;

static bool has(const tags_t *tags, uint32_t tag)
{
    return (tags->seen >> tag) & 1;
}

static esp_err_t read_tags(hr_image_t *image, tags_t *tags, hr_report_t *report)
{
    memset(tags, 0, sizeof(*tags));
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type != HR_ELF_PT_DYNAMIC) {
            continue;
        }
        if (image->dynamic) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                             "segment %" PRIu32 " is a second PT_DYNAMIC", i);
        }
        image->dynamic = true;
        if (!inside(image, header.offset, header.filesz)) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                             "PT_DYNAMIC: p_offset 0x%" PRIx32 " with p_filesz %" PRIu32
                             " ends behind the image's %" PRIu32 " bytes",
                             header.offset, header.filesz, image->size);
        }
        extend(image, (uint64_t)header.offset + header.filesz);
        hr_elf_dynamic_t entry = {.tag = 1};
        for (uint32_t at = 0; entry.tag != HR_ELF_DT_NULL; at += sizeof(entry)) {
            if (header.filesz - at < sizeof(entry)) {
                return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                                 "the dynamic table of %" PRIu32 " bytes has no DT_NULL",
                                 header.filesz);
            }
            hr_image_read(image, header.offset + at, &entry, sizeof(entry));
            if (entry.tag == HR_ELF_DT_NULL || entry.tag >= HR_ELF_DT_COUNT) {
                continue;
            }
            tags->value[entry.tag] = entry.value;
            tags->seen |= UINT64_C(1) << entry.tag;
        }
    }
    return ESP_OK;
}

static esp_err_t check_tags(const tags_t *tags, hr_report_t *report)
{
    static const struct {
        uint8_t tag;
        const char *name;
    } constructors[] = {
        {HR_ELF_DT_INIT, "DT_INIT"},
        {HR_ELF_DT_FINI, "DT_FINI"},
        {HR_ELF_DT_INIT_ARRAYSZ, "DT_INIT_ARRAYSZ"},
        {HR_ELF_DT_FINI_ARRAYSZ, "DT_FINI_ARRAYSZ"},
        {HR_ELF_DT_PREINIT_ARRAYSZ, "DT_PREINIT_ARRAYSZ"},
    };
    for (size_t i = 0; i < sizeof(constructors) / sizeof(constructors[0]); i++) {
        if (tags->value[constructors[i].tag] != 0) {
            return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                             "%s is %" PRIu32 ": constructors and destructors are not run",
                             constructors[i].name, tags->value[constructors[i].tag]);
        }
    }
    if (has(tags, HR_ELF_DT_REL)) {
        return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                         "DT_REL: relocations without addends are not Xtensa's");
    }
    if (has(tags, HR_ELF_DT_SYMENT)
        && tags->value[HR_ELF_DT_SYMENT] != sizeof(hr_elf_symbol_t)) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_TABLE, "DT_SYMENT is %" PRIu32 ", not %u",
                         tags->value[HR_ELF_DT_SYMENT], (unsigned)sizeof(hr_elf_symbol_t));
    }
    if (has(tags, HR_ELF_DT_RELAENT) && tags->value[HR_ELF_DT_RELAENT] != sizeof(hr_elf_rela_t)) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE, "DT_RELAENT is %" PRIu32 ", not %u",
                         tags->value[HR_ELF_DT_RELAENT], (unsigned)sizeof(hr_elf_rela_t));
    }
    if (has(tags, HR_ELF_DT_PLTREL) && tags->value[HR_ELF_DT_PLTREL] != HR_ELF_DT_RELA) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE, "DT_PLTREL is %" PRIu32 ", not %u",
                         tags->value[HR_ELF_DT_PLTREL], HR_ELF_DT_RELA);
    }
    return ESP_OK;
}

/* DT_HASH: bucket count, chain count, buckets, chains; there is one chain entry per symbol
   (System V ABI, "Hash Table"). */
static esp_err_t open_hash(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    uint32_t link = tags->value[HR_ELF_DT_HASH];
    hr_table_t counts = {.count = 2};
    if (!has(tags, HR_ELF_DT_HASH)) {
        return hr_reject(report, HOTRELOAD_ERR_HASH,
                         "no DT_HASH: link the module with --hash-style=sysv");
    }
    if (!locate(image, link, 2 * sizeof(uint32_t), &counts.offset)) {
        return hr_reject(report, HOTRELOAD_ERR_HASH,
                         "DT_HASH 0x%" PRIx32 " is outside the segments", link);
    }
    image->buckets.count = hr_image_word(image, counts, 0);
    image->chains.count = hr_image_word(image, counts, 1);
    uint64_t size = (2 + (uint64_t)image->buckets.count + image->chains.count) * sizeof(uint32_t);
    if (image->buckets.count == 0 || !locate(image, link, size, &counts.offset)) {
        return hr_reject(report, HOTRELOAD_ERR_HASH,
                         "DT_HASH 0x%" PRIx32 " with %" PRIu32 " buckets and %" PRIu32
                         " chain entries does not fit its segment",
                         link, image->buckets.count, image->chains.count);
    }
    image->buckets.offset = counts.offset + 2 * sizeof(uint32_t);
    image->chains.offset = image->buckets.offset + image->buckets.count * sizeof(uint32_t);
    return ESP_OK;
}

static esp_err_t open_dynamic_symbols(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    uint32_t link = tags->value[HR_ELF_DT_SYMTAB];
    image->symbols.count = image->chains.count;
    uint64_t size = (uint64_t)image->symbols.count * sizeof(hr_elf_symbol_t);
    if (!has(tags, HR_ELF_DT_SYMTAB)) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_TABLE, "no DT_SYMTAB");
    }
    if (!locate(image, link, size, &image->symbols.offset)) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_TABLE,
                         "DT_SYMTAB 0x%" PRIx32 " with %" PRIu32
                         " symbols does not fit its segment", link, image->symbols.count);
    }
    return ESP_OK;
}

static esp_err_t check_strings(const hr_image_t *image, hr_report_t *report)
{
    uint32_t size = image->strings.count;
    if (size == 0 || image->data[image->strings.offset + size - 1] != 0) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE,
                         "the string table of %" PRIu32 " bytes does not end with 0", size);
    }
    return ESP_OK;
}

static esp_err_t open_dynamic_strings(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    uint32_t link = tags->value[HR_ELF_DT_STRTAB];
    image->strings.count = tags->value[HR_ELF_DT_STRSZ];
    if (!has(tags, HR_ELF_DT_STRTAB) || !has(tags, HR_ELF_DT_STRSZ)) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE, "no DT_STRTAB with DT_STRSZ");
    }
    if (!locate(image, link, image->strings.count, &image->strings.offset)) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE,
                         "DT_STRTAB 0x%" PRIx32 " with DT_STRSZ %" PRIu32
                         " does not fit its segment", link, image->strings.count);
    }
    return check_strings(image, report);
}

static esp_err_t open_dynamic_relocations(hr_image_t *image, const tags_t *tags,
                                          hr_report_t *report)
{
    static const struct {
        const char *name;
        uint8_t address;
        uint8_t size;
    } tables[2] = {
        {"DT_RELA", HR_ELF_DT_RELA, HR_ELF_DT_RELASZ},
        {"DT_JMPREL", HR_ELF_DT_JMPREL, HR_ELF_DT_PLTRELSZ},
    };
    for (size_t i = 0; i < 2; i++) {
        hr_table_t *table = &image->relocations[i];
        uint32_t link = tags->value[tables[i].address];
        uint32_t size = tags->value[tables[i].size];
        if (size == 0) {
            continue;
        }
        table->count = size / sizeof(hr_elf_rela_t);
        if (!has(tags, tables[i].address) || size % sizeof(hr_elf_rela_t) != 0
            || !locate(image, link, size, &table->offset)) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                             "%s 0x%" PRIx32 " with %" PRIu32 " bytes is no table of %u-byte "
                             "entries inside a segment",
                             tables[i].name, link, size, (unsigned)sizeof(hr_elf_rela_t));
        }
    }
    /* RELATIVE adds to what is in place: applied twice it is wrong */
    const hr_table_t *rela = &image->relocations[0];
    const hr_table_t *plt = &image->relocations[1];
    if (rela->count > 0 && plt->count > 0
        && rela->offset < plt->offset + plt->count * sizeof(hr_elf_rela_t)
        && plt->offset < rela->offset + rela->count * sizeof(hr_elf_rela_t)) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                         "DT_RELA and DT_JMPREL overlap at file offset 0x%" PRIx32, plt->offset);
    }
    return ESP_OK;
}

static esp_err_t open_dynamic(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    esp_err_t err = check_tags(tags, report);
    if (err == ESP_OK) {
        err = open_hash(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_dynamic_symbols(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_dynamic_strings(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_dynamic_relocations(image, tags, report);
    }
    return err;
}

/* Static relocations of a section that is loaded, as --emit-relocs leaves them behind. */
static bool holds_relocations(const hr_image_t *image, const hr_elf_section_t *section)
{
    return section->type == HR_ELF_SHT_RELA && (section->flags & HR_ELF_SHF_ALLOC) == 0
           && section->info < image->header.shnum
           && (section_header(image, section->info).flags & HR_ELF_SHF_ALLOC) != 0;
}

static esp_err_t open_symbol_section(hr_image_t *image, const hr_elf_section_t *section,
                                     hr_report_t *report)
{
    if (section->entsize != sizeof(hr_elf_symbol_t)
        || section->size % sizeof(hr_elf_symbol_t) != 0
        || !inside(image, section->offset, section->size)) {
        return hr_reject(report, HOTRELOAD_ERR_SYMBOL_TABLE,
                         "SHT_SYMTAB: sh_offset 0x%" PRIx32 " with sh_size %" PRIu32
                         " is no table of %u-byte entries inside the image",
                         section->offset, section->size, (unsigned)sizeof(hr_elf_symbol_t));
    }
    image->symbols = (hr_table_t) {section->offset, section->size / sizeof(hr_elf_symbol_t)};
    if (section->link >= image->header.shnum) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE,
                         "SHT_SYMTAB: sh_link %" PRIu32 " is not a section", section->link);
    }
    hr_elf_section_t strings = section_header(image, section->link);
    if (!inside(image, strings.offset, strings.size)) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE,
                         "SHT_STRTAB: sh_offset 0x%" PRIx32 " with sh_size %" PRIu32
                         " ends behind the image's %" PRIu32 " bytes",
                         strings.offset, strings.size, image->size);
    }
    image->strings = (hr_table_t) {strings.offset, strings.size};
    return check_strings(image, report);
}

static esp_err_t check_relocation_section(const hr_image_t *image, uint32_t index,
                                          const hr_elf_section_t *section, uint32_t symbol_section,
                                          hr_report_t *report)
{
    if (section->entsize != sizeof(hr_elf_rela_t) || section->size % sizeof(hr_elf_rela_t) != 0
        || !inside(image, section->offset, section->size)) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                         "section %" PRIu32 ": sh_offset 0x%" PRIx32 " with sh_size %" PRIu32
                         " is no table of %u-byte entries inside the image",
                         index, section->offset, section->size, (unsigned)sizeof(hr_elf_rela_t));
    }
    if (section->link != symbol_section) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                         "section %" PRIu32 ": sh_link is %" PRIu32
                         ", not the symbol table %" PRIu32, index, section->link, symbol_section);
    }
    return ESP_OK;
}

static esp_err_t open_static(hr_image_t *image, hr_report_t *report)
{
    uint32_t symbol_section = 0;
    for (uint32_t i = 0; i < image->header.shnum && symbol_section == 0; i++) {
        hr_elf_section_t section = section_header(image, i);
        if (section.type == HR_ELF_SHT_SYMTAB) {
            symbol_section = i;
            esp_err_t err = open_symbol_section(image, &section, report);
            if (err != ESP_OK) {
                return err;
            }
        }
    }
    if (symbol_section == 0) {
        return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                         "neither a PT_DYNAMIC segment nor an SHT_SYMTAB section");
    }
    for (uint32_t i = 0; i < image->header.shnum; i++) {
        hr_elf_section_t section = section_header(image, i);
        if (!holds_relocations(image, &section)) {
            continue;
        }
        esp_err_t err = check_relocation_section(image, i, &section, symbol_section, report);
        if (err != ESP_OK) {
            return err;
        }
    }
    return ESP_OK;
}

uint32_t hr_image_relocation_tables(const hr_image_t *image)
{
    return image->dynamic ? 2 : image->header.shnum;
}

hr_table_t hr_image_relocation_table(const hr_image_t *image, uint32_t index)
{
    if (image->dynamic) {
        return image->relocations[index];
    }
    hr_elf_section_t section = section_header(image, index);
    if (!holds_relocations(image, &section)) {
        return (hr_table_t) {0};
    }
    return (hr_table_t) {section.offset, section.size / sizeof(hr_elf_rela_t)};
}

const hr_segment_t *hr_image_segment(const hr_image_t *image, uint32_t link, uint32_t size)
{
    for (uint32_t i = 0; i < image->load_count; i++) {
        const hr_segment_t *segment = &image->segments[i];
        uint32_t at = link - segment->link; /* huge in front of the segment */
        if (at < segment->memory_size && size <= segment->memory_size - at) {
            return segment;
        }
    }
    return NULL;
}

esp_err_t hr_image_open(hr_image_t *image, const void *data, size_t size, hr_report_t *report)
{
    memset(image, 0, sizeof(*image));
    image->data = data;
    image->size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;

    tags_t tags;
    esp_err_t err = hr_image_check_header(data, size, &image->header, report);
    if (err == ESP_OK) {
        err = check_program_table(image, report);
    }
    if (err == ESP_OK) {
        err = check_section_table(image, report);
    }
    if (err == ESP_OK) {
        err = check_segments(image, report);
    }
    if (err == ESP_OK) {
        err = check_notes(image, report);
    }
    if (err == ESP_OK) {
        err = read_tags(image, &tags, report);
    }
    if (err == ESP_OK) {
        err = image->dynamic ? open_dynamic(image, &tags, report) : open_static(image, report);
    }
    return err;
}
