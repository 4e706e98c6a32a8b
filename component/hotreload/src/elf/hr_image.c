/* SPDX-License-Identifier: MIT */
#include "elf/hr_image.h"

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

static esp_err_t check_ident(const uint8_t *ident, size_t size, hr_report_t *report)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    /* the bytes behind them are to be ignored (System V ABI, "ELF Identification") */
    static const struct {
        uint8_t index;
        uint8_t value;
        esp_err_t error;
        const char *name;
        const char *meaning;
    } fields[] = {
        {HR_ELF_CLASS, HR_ELF_CLASS_32, HOTRELOAD_ERR_CLASS, "EI_CLASS", "32-bit"},
        {HR_ELF_DATA, HR_ELF_DATA_LSB, HOTRELOAD_ERR_ENDIANNESS, "EI_DATA", "little-endian"},
        {HR_ELF_VERSION, HR_ELF_VERSION_CURRENT, HOTRELOAD_ERR_VERSION, "EI_VERSION", "current"},
        {HR_ELF_OSABI, 0, HOTRELOAD_ERR_ABI, "EI_OSABI", "no extensions"},
        {HR_ELF_ABIVERSION, 0, HOTRELOAD_ERR_ABI, "EI_ABIVERSION", "unspecified"},
    };
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
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (ident[fields[i].index] != fields[i].value) {
            return hr_reject(report, fields[i].error, "%s is %u, not %u (%s)", fields[i].name,
                             ident[fields[i].index], fields[i].value, fields[i].meaning);
        }
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
    if ((header->flags & ~HR_ELF_FLAGS_XTENSA) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_FLAGS, "e_flags 0x%" PRIx32
                         " has bits other than those of 0x%x", header->flags, HR_ELF_FLAGS_XTENSA);
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
    if (header->phnum == 0 || header->phnum == HR_ELF_PHNUM_ELSEWHERE) {
        return hr_reject(report, HOTRELOAD_ERR_PROGRAM_HEADERS,
                         "e_phnum is %u, which is no number of segments", header->phnum);
    }
    if (header->phentsize != sizeof(hr_elf_segment_t)) {
        return hr_reject(report, HOTRELOAD_ERR_HEADER_SIZE, "e_phentsize is %u, not %u",
                         header->phentsize, (unsigned)sizeof(hr_elf_segment_t));
    }
    if (header->phoff < sizeof(*header)) {
        return hr_reject(report, HOTRELOAD_ERR_PROGRAM_HEADERS,
                         "e_phoff 0x%" PRIx32 " is inside the ELF header", header->phoff);
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

/* Nothing is read from them. They come last in the file, so this also finds a file that was cut
   off. */
static esp_err_t check_section_table(hr_image_t *image, hr_report_t *report)
{
    const hr_elf_header_t *header = &image->header;
    if (header->shnum == 0) {
        /* otherwise the number is in the first of them, for files that no device can hold */
        if (header->shoff != 0) {
            return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                             "e_shnum is 0, but e_shoff is 0x%" PRIx32, header->shoff);
        }
        return ESP_OK;
    }
    if (header->shnum >= HR_ELF_SHN_LORESERVE) {
        return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                         "e_shnum is %u, which is a reserved index", header->shnum);
    }
    if (header->shentsize != HR_ELF_SECTION_HEADER_SIZE) {
        return hr_reject(report, HOTRELOAD_ERR_HEADER_SIZE, "e_shentsize is %u, not %u",
                         header->shentsize, HR_ELF_SECTION_HEADER_SIZE);
    }
    if (header->shoff < sizeof(*header)) {
        return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                         "e_shoff 0x%" PRIx32 " is inside the ELF header", header->shoff);
    }
    if (header->shstrndx >= header->shnum) {
        return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                         "e_shstrndx is %u, not one of %u sections", header->shstrndx,
                         header->shnum);
    }
    uint64_t size = (uint64_t)header->shnum * HR_ELF_SECTION_HEADER_SIZE;
    if (!inside(image, header->shoff, size)) {
        return hr_reject(report, HOTRELOAD_ERR_SECTION_HEADERS,
                         "e_shoff 0x%" PRIx32 " with e_shnum %u ends behind the image's %" PRIu32
                         " bytes: the file is cut off", header->shoff, header->shnum, image->size);
    }
    extend(image, header->shoff + size);
    return ESP_OK;
}

static esp_err_t check_bounds(const hr_image_t *image, uint32_t index,
                              const hr_elf_segment_t *header, hr_report_t *report)
{
    if (!inside(image, header->offset, header->filesz)) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                         "segment %" PRIu32 ": p_offset 0x%" PRIx32 " with p_filesz %" PRIu32
                         " ends behind the image's %" PRIu32 " bytes",
                         index, header->offset, header->filesz, image->size);
    }
    /* the end itself has to be an address too: one past the last byte may be pointed to */
    if ((uint64_t)header->vaddr + header->memsz > UINT32_MAX) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                         "segment %" PRIu32 ": p_vaddr 0x%" PRIx32 " with p_memsz %" PRIu32
                         " ends behind the address space", index, header->vaddr, header->memsz);
    }
    return ESP_OK;
}

static esp_err_t check_alignment(uint32_t index, const hr_elf_segment_t *header,
                                 hr_report_t *report)
{
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
    return ESP_OK;
}

static esp_err_t check_overlap(const hr_image_t *image, uint32_t index,
                               const hr_elf_segment_t *header, hr_report_t *report)
{
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

static esp_err_t check_segment(const hr_image_t *image, uint32_t index,
                               const hr_elf_segment_t *header, hr_report_t *report)
{
    if (image->segment_count == HR_SEGMENTS_MAX) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_COUNT,
                         "segment %" PRIu32 " is one more than the %u that can be loaded", index,
                         HR_SEGMENTS_MAX);
    }
    if ((header->flags & ~HR_ELF_PF_KNOWN) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_SEGMENT_FLAGS,
                         "segment %" PRIu32 ": p_flags 0x%" PRIx32
                         " has bits other than PF_R, PF_W and PF_X", index, header->flags);
    }
    esp_err_t err = check_bounds(image, index, header, report);
    if (err == ESP_OK) {
        err = check_alignment(index, header, report);
    }
    if (err == ESP_OK) {
        err = check_overlap(image, index, header, report);
    }
    return err;
}

static esp_err_t add_segments_of_type(hr_image_t *image, uint32_t type, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type != type) {
            continue;
        }
        if (header.filesz > header.memsz) {
            return hr_reject(report, HOTRELOAD_ERR_SEGMENT_BOUNDS,
                             "segment %" PRIu32 ": p_filesz %" PRIu32 " is more than p_memsz %"
                             PRIu32, i, header.filesz, header.memsz);
        }
        if (header.memsz == 0) {
            continue;
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

static esp_err_t check_segment_types(const hr_image_t *image, hr_report_t *report)
{
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        uint32_t type = hr_image_program_header(image, i).type;
        switch (type) {
        case HR_ELF_PT_NULL:
        case HR_ELF_PT_LOAD:
        case HR_ELF_PT_DYNAMIC:
        case HR_ELF_PT_NOTE:
        case HR_ELF_PT_PHDR:
            break;
        case HR_ELF_PT_TLS:
            return hr_reject(report, HOTRELOAD_ERR_SEGMENT_TYPE,
                             "segment %" PRIu32 ": p_type is PT_TLS, thread-local storage cannot "
                             "be loaded", i);
        default:
            if (type < HR_ELF_PT_LOOS || type > HR_ELF_PT_HIOS) {
                return hr_reject(report, HOTRELOAD_ERR_SEGMENT_TYPE,
                                 "segment %" PRIu32 ": p_type is 0x%" PRIx32
                                 ", which cannot be loaded", i, type);
            }
        }
    }
    return ESP_OK;
}

static esp_err_t check_segments(hr_image_t *image, hr_report_t *report)
{
    esp_err_t err = check_segment_types(image, report);
    if (err != ESP_OK) {
        return err;
    }
    err = add_segments_of_type(image, HR_ELF_PT_LOAD, report);
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

static esp_err_t find_dynamic(hr_image_t *image, hr_table_t *table, hr_report_t *report)
{
    bool found = false;
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        hr_elf_segment_t header = hr_image_program_header(image, i);
        if (header.type != HR_ELF_PT_DYNAMIC) {
            continue;
        }
        if (found) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                             "segment %" PRIu32 " is a second PT_DYNAMIC", i);
        }
        if (!inside(image, header.offset, header.filesz)) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                             "PT_DYNAMIC: p_offset 0x%" PRIx32 " with p_filesz %" PRIu32
                             " ends behind the image's %" PRIu32 " bytes",
                             header.offset, header.filesz, image->size);
        }
        if (header.filesz < sizeof(hr_elf_dynamic_t)) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                             "PT_DYNAMIC has %" PRIu32 " bytes, which is no dynamic table: link the "
                             "module as a shared object (-shared), and strip it with its .dynamic",
                             header.filesz);
        }
        found = true;
        extend(image, (uint64_t)header.offset + header.filesz);
        *table = (hr_table_t) {header.offset, header.filesz / sizeof(hr_elf_dynamic_t)};
    }
    if (!found) {
        return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                         "no PT_DYNAMIC segment: link the module as a shared object (-shared)");
    }
    return ESP_OK;
}

static esp_err_t add_tag(tags_t *tags, const hr_elf_dynamic_t *entry, hr_report_t *report)
{
    if (entry->tag >= HR_ELF_DT_LOOS) {
        return ESP_OK;
    }
    /* what the ABI may define one day: relocations of a new kind, say, that have to be applied */
    if (entry->tag >= HR_ELF_DT_COUNT) {
        return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                         "the dynamic table has the unknown tag %" PRIu32, entry->tag);
    }
    if (has(tags, entry->tag)) {
        return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                         "the dynamic table has tag %" PRIu32 " twice", entry->tag);
    }
    tags->value[entry->tag] = entry->value;
    tags->seen |= UINT64_C(1) << entry->tag;
    return ESP_OK;
}

static esp_err_t read_tags(hr_image_t *image, tags_t *tags, hr_report_t *report)
{
    memset(tags, 0, sizeof(*tags));
    hr_table_t table = {0};
    esp_err_t err = find_dynamic(image, &table, report);
    if (err != ESP_OK) {
        return err;
    }
    for (uint32_t i = 0; i < table.count; i++) {
        hr_elf_dynamic_t entry;
        hr_image_read(image, table.offset + i * sizeof(entry), &entry, sizeof(entry));
        if (entry.tag == HR_ELF_DT_NULL) {
            return ESP_OK;
        }
        err = add_tag(tags, &entry, report);
        if (err != ESP_OK) {
            return err;
        }
    }
    return hr_reject(report, HOTRELOAD_ERR_DYNAMIC,
                     "the dynamic table of %" PRIu32 " entries has no DT_NULL", table.count);
}

/* What a shared object does not need: one function by its name, and a table of executables only. */
static esp_err_t check_constructors(const tags_t *tags, hr_report_t *report)
{
    static const struct {
        uint8_t tag;
        const char *name;
    } not_run[] = {
        {HR_ELF_DT_INIT, "DT_INIT"},
        {HR_ELF_DT_FINI, "DT_FINI"},
        {HR_ELF_DT_PREINIT_ARRAYSZ, "DT_PREINIT_ARRAYSZ"},
    };
    for (size_t i = 0; i < sizeof(not_run) / sizeof(not_run[0]); i++) {
        if (tags->value[not_run[i].tag] != 0) {
            return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                             "%s is 0x%" PRIx32 ": only what is in DT_INIT_ARRAY and DT_FINI_ARRAY "
                             "is run", not_run[i].name, tags->value[not_run[i].tag]);
        }
    }
    return ESP_OK;
}

static bool is_in_file(const hr_image_t *image, uint32_t link, uint32_t size)
{
    const hr_segment_t *segment = hr_image_segment(image, link, size);
    return segment != NULL && link - segment->link + size <= segment->file_size;
}

static esp_err_t open_functions(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    const struct {
        uint8_t address;
        uint8_t size;
        const char *name;
        hr_functions_t *functions;
    } tables[] = {
        {HR_ELF_DT_INIT_ARRAY, HR_ELF_DT_INIT_ARRAYSZ, "DT_INIT_ARRAY", &image->constructors},
        {HR_ELF_DT_FINI_ARRAY, HR_ELF_DT_FINI_ARRAYSZ, "DT_FINI_ARRAY", &image->destructors},
    };
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        uint32_t link = tags->value[tables[i].address];
        uint32_t size = tags->value[tables[i].size];
        if (size % sizeof(uint32_t) != 0 || size > HR_FUNCTIONS_MAX * sizeof(uint32_t)) {
            return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                             "%sSZ %" PRIu32 " is not a multiple of 4 up to %u", tables[i].name,
                             size, (unsigned)(HR_FUNCTIONS_MAX * sizeof(uint32_t)));
        }
        if (size != 0 && (!has(tags, tables[i].address) || !is_in_file(image, link, size))) {
            return hr_reject(report, HOTRELOAD_ERR_CONSTRUCTOR,
                             "%s 0x%" PRIx32 " with %" PRIu32 " bytes is not inside what the file "
                             "has of a segment to load", tables[i].name, link, size);
        }
        *tables[i].functions = (hr_functions_t) {link, size / (uint32_t)sizeof(uint32_t)};
    }
    return ESP_OK;
}

static esp_err_t check_unsupported(const tags_t *tags, hr_report_t *report)
{
    static const struct {
        uint8_t tag;
        const char *what;
    } unsupported[] = {
        {HR_ELF_DT_NEEDED, "DT_NEEDED: a module cannot load libraries"},
        {HR_ELF_DT_REL, "DT_REL: relocations without addends are not Xtensa's"},
        {HR_ELF_DT_RELR, "DT_RELR: packed relocations are not Xtensa's"},
    };
    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
        if (has(tags, unsupported[i].tag)) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC, "%s (0x%" PRIx32 ")",
                             unsupported[i].what, tags->value[unsupported[i].tag]);
        }
    }
    return ESP_OK;
}

/* Tags that are mandatory with a table, and have one good value (System V ABI, "Dynamic Array
   Tags"). */
static esp_err_t check_companions(const tags_t *tags, hr_report_t *report)
{
    static const struct {
        uint8_t table;
        uint8_t tag;
        uint8_t value; /* 0: any */
        esp_err_t error;
        const char *names[2];
    } companions[] = {
        {HR_ELF_DT_SYMTAB, HR_ELF_DT_SYMENT, sizeof(hr_elf_symbol_t), HOTRELOAD_ERR_ENTRY_SIZE,
         {"DT_SYMTAB", "DT_SYMENT"}},
        {HR_ELF_DT_RELA, HR_ELF_DT_RELASZ, 0, 0, {"DT_RELA", "DT_RELASZ"}},
        {HR_ELF_DT_RELA, HR_ELF_DT_RELAENT, sizeof(hr_elf_rela_t), HOTRELOAD_ERR_ENTRY_SIZE,
         {"DT_RELA", "DT_RELAENT"}},
        {HR_ELF_DT_JMPREL, HR_ELF_DT_PLTRELSZ, 0, 0, {"DT_JMPREL", "DT_PLTRELSZ"}},
        {HR_ELF_DT_JMPREL, HR_ELF_DT_PLTREL, HR_ELF_DT_RELA, HOTRELOAD_ERR_RELOC_TABLE,
         {"DT_JMPREL", "DT_PLTREL"}},
        {HR_ELF_DT_INIT_ARRAY, HR_ELF_DT_INIT_ARRAYSZ, 0, 0, {"DT_INIT_ARRAY", "DT_INIT_ARRAYSZ"}},
        {HR_ELF_DT_FINI_ARRAY, HR_ELF_DT_FINI_ARRAYSZ, 0, 0, {"DT_FINI_ARRAY", "DT_FINI_ARRAYSZ"}},
    };
    for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
        uint32_t value = tags->value[companions[i].tag];
        if (!has(tags, companions[i].table)) {
            continue;
        }
        if (!has(tags, companions[i].tag)) {
            return hr_reject(report, HOTRELOAD_ERR_DYNAMIC, "%s is there without %s",
                             companions[i].names[0], companions[i].names[1]);
        }
        if (companions[i].value != 0 && value != companions[i].value) {
            return hr_reject(report, companions[i].error, "%s is %" PRIu32 ", not %u",
                             companions[i].names[1], value, companions[i].value);
        }
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
    if (image->buckets.count == 0 || image->chains.count == 0) {
        return hr_reject(report, HOTRELOAD_ERR_HASH,
                         "DT_HASH 0x%" PRIx32 " has %" PRIu32 " buckets and %" PRIu32
                         " chain entries", link, image->buckets.count, image->chains.count);
    }
    uint64_t size = (2 + (uint64_t)image->buckets.count + image->chains.count) * sizeof(uint32_t);
    if (!locate(image, link, size, &counts.offset)) {
        return hr_reject(report, HOTRELOAD_ERR_HASH,
                         "DT_HASH 0x%" PRIx32 " with %" PRIu32 " buckets and %" PRIu32
                         " chain entries does not fit its segment",
                         link, image->buckets.count, image->chains.count);
    }
    image->buckets.offset = counts.offset + 2 * sizeof(uint32_t);
    image->chains.offset = image->buckets.offset + image->buckets.count * sizeof(uint32_t);
    return ESP_OK;
}

static esp_err_t open_symbols(hr_image_t *image, const tags_t *tags, hr_report_t *report)
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

/* The first byte is the empty name, the last one ends the last name (System V ABI, "String
   Table"). */
static esp_err_t check_strings(const hr_image_t *image, hr_report_t *report)
{
    uint32_t size = image->strings.count;
    const uint8_t *strings = image->data + image->strings.offset;
    if (size == 0 || strings[0] != 0) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_TABLE,
                         "the string table of %" PRIu32 " bytes does not start with 0", size);
    }
    if (strings[size - 1] != 0) {
        return hr_reject(report, HOTRELOAD_ERR_STRING_END,
                         "the string table of %" PRIu32 " bytes ends with 0x%02x, not with 0",
                         size, strings[size - 1]);
    }
    return ESP_OK;
}

static esp_err_t open_strings(hr_image_t *image, const tags_t *tags, hr_report_t *report)
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

/* RELATIVE adds to what is in place: applied twice it is wrong. And tables that share no byte are
   together no longer than the file. */
static esp_err_t check_relocations_apart(const hr_image_t *image, hr_report_t *report)
{
    const hr_table_t *rela = &image->relocations[0];
    const hr_table_t *plt = &image->relocations[1];
    if (rela->count > 0 && plt->count > 0
        && rela->offset < plt->offset + plt->count * sizeof(hr_elf_rela_t)
        && plt->offset < rela->offset + rela->count * sizeof(hr_elf_rela_t)) {
        return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                         "the relocation tables at file offsets 0x%" PRIx32 " and 0x%" PRIx32
                         " overlap", rela->offset, plt->offset);
    }
    return ESP_OK;
}

static esp_err_t open_relocations(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    static const struct {
        uint8_t address;
        uint8_t size;
        const char *address_name;
        const char *size_name;
    } tables[HR_RELOCATION_TABLES] = {
        {HR_ELF_DT_RELA, HR_ELF_DT_RELASZ, "DT_RELA", "DT_RELASZ"},
        {HR_ELF_DT_JMPREL, HR_ELF_DT_PLTRELSZ, "DT_JMPREL", "DT_PLTRELSZ"},
    };
    for (size_t i = 0; i < HR_RELOCATION_TABLES; i++) {
        uint32_t link = tags->value[tables[i].address];
        uint32_t size = tags->value[tables[i].size];
        hr_table_t *table = &image->relocations[i];
        table->count = size / sizeof(hr_elf_rela_t);
        if (size % sizeof(hr_elf_rela_t) != 0) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                             "%s %" PRIu32 " is not a multiple of %u", tables[i].size_name, size,
                             (unsigned)sizeof(hr_elf_rela_t));
        }
        if (size != 0
            && (!has(tags, tables[i].address) || !locate(image, link, size, &table->offset))) {
            return hr_reject(report, HOTRELOAD_ERR_RELOC_TABLE,
                             "%s 0x%" PRIx32 " with %s %" PRIu32 " does not fit its segment",
                             tables[i].address_name, link, tables[i].size_name, size);
        }
    }
    return check_relocations_apart(image, report);
}

static esp_err_t open_tables(hr_image_t *image, const tags_t *tags, hr_report_t *report)
{
    esp_err_t err = check_constructors(tags, report);
    if (err == ESP_OK) {
        err = check_unsupported(tags, report);
    }
    if (err == ESP_OK) {
        err = check_companions(tags, report);
    }
    if (err == ESP_OK) {
        err = open_hash(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_symbols(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_strings(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_relocations(image, tags, report);
    }
    if (err == ESP_OK) {
        err = open_functions(image, tags, report);
    }
    return err;
}

esp_err_t hr_image_open(hr_image_t *image, const void *data, size_t size, hr_report_t *report)
{
    memset(image, 0, sizeof(*image));
    image->data = data;
    image->size = (uint32_t)size;

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
        err = open_tables(image, &tags, report);
    }
    return err;
}

esp_err_t hr_image_peek(hr_image_t *image, const void *data, size_t size, hr_report_t *report)
{
    *image = (hr_image_t) {.data = data, .size = (uint32_t)size};
    esp_err_t err = hr_image_check_header(data, size, &image->header, report);
    if (err != ESP_OK) {
        return err;
    }
    if (image->header.phentsize != sizeof(hr_elf_segment_t)) {
        image->header.phnum = 0;
    }
    for (uint32_t i = 0; i < image->header.phnum; i++) {
        uint64_t at = image->header.phoff + (uint64_t)i * sizeof(hr_elf_segment_t);
        if (!inside(image, at, sizeof(hr_elf_segment_t))) {
            image->header.phnum = (uint16_t)i; /* the rest has not come yet */
            break;
        }
        hr_elf_segment_t header = hr_image_program_header(image, i);
        bool sound = header.filesz <= header.memsz
                     && (uint64_t)header.vaddr + header.memsz <= UINT32_MAX;
        if (header.type == HR_ELF_PT_LOAD && sound && image->load_count < HR_SEGMENTS_MAX) {
            image->segments[image->load_count++] = (hr_segment_t) {
                .kind = (header.flags & HR_ELF_PF_X) ? HR_SEGMENT_TEXT : HR_SEGMENT_DATA,
                .link = header.vaddr,
                .memory_size = header.memsz,
            };
        }
    }
    return ESP_OK;
}
