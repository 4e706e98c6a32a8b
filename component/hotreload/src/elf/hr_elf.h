/* SPDX-License-Identifier: MIT */
/* ELF32 as far as the loader needs it (System V ABI, chapters 4 and 5) and the relocations of
   Xtensa (binutils, include/elf/xtensa.h). All fields are little-endian, as is the target. */
#pragma once

#include <stdint.h>

#define HR_ELF_IDENT_SIZE 16

#define HR_ELF_CLASS 4   /* index into ident */
#define HR_ELF_DATA 5
#define HR_ELF_VERSION 6
#define HR_ELF_OSABI 7
#define HR_ELF_ABIVERSION 8

#define HR_ELF_CLASS_32 1
#define HR_ELF_DATA_LSB 1
#define HR_ELF_VERSION_CURRENT 1
#define HR_ELF_TYPE_DYN 3
#define HR_ELF_MACHINE_XTENSA 94
/* EF_XTENSA_XT_INSN and EF_XTENSA_XT_LIT; a machine variant other than 0 was never given out */
#define HR_ELF_FLAGS_XTENSA 0x300u

typedef struct {
    uint8_t ident[HR_ELF_IDENT_SIZE];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint32_t entry;
    uint32_t phoff;
    uint32_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
} hr_elf_header_t;

#define HR_ELF_PHNUM_ELSEWHERE 0xffff /* PN_XNUM: the number is in a section header */

#define HR_ELF_PT_NULL 0
#define HR_ELF_PT_LOAD 1
#define HR_ELF_PT_DYNAMIC 2
#define HR_ELF_PT_NOTE 4
#define HR_ELF_PT_PHDR 6
#define HR_ELF_PT_TLS 7
/* types for operating systems, such as GNU's stack flags: these only advise */
#define HR_ELF_PT_LOOS 0x60000000u
#define HR_ELF_PT_HIOS 0x6fffffffu
/* in the OS-specific range: tables that the loader reads in place and never copies to RAM */
#define HR_ELF_PT_HOTRELOAD_META 0x68720001u

#define HR_ELF_PF_X 1
#define HR_ELF_PF_KNOWN 0x0ff00007u /* PF_R, PF_W and PF_X; and what operating systems may add */

typedef struct {
    uint32_t type;
    uint32_t offset;
    uint32_t vaddr;
    uint32_t paddr;
    uint32_t filesz;
    uint32_t memsz;
    uint32_t flags;
    uint32_t align;
} hr_elf_segment_t;

typedef struct {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
} hr_elf_note_t;

#define HR_ELF_SECTION_HEADER_SIZE 40

#define HR_ELF_DT_NULL 0
#define HR_ELF_DT_NEEDED 1
#define HR_ELF_DT_PLTRELSZ 2
#define HR_ELF_DT_HASH 4
#define HR_ELF_DT_STRTAB 5
#define HR_ELF_DT_SYMTAB 6
#define HR_ELF_DT_RELA 7
#define HR_ELF_DT_RELASZ 8
#define HR_ELF_DT_RELAENT 9
#define HR_ELF_DT_STRSZ 10
#define HR_ELF_DT_SYMENT 11
#define HR_ELF_DT_INIT 12
#define HR_ELF_DT_FINI 13
#define HR_ELF_DT_REL 17
#define HR_ELF_DT_PLTREL 20
#define HR_ELF_DT_JMPREL 23
#define HR_ELF_DT_INIT_ARRAY 25
#define HR_ELF_DT_FINI_ARRAY 26
#define HR_ELF_DT_INIT_ARRAYSZ 27
#define HR_ELF_DT_FINI_ARRAYSZ 28
#define HR_ELF_DT_PREINIT_ARRAYSZ 33
#define HR_ELF_DT_RELR 36
#define HR_ELF_DT_COUNT 38 /* tags that the System V ABI has given a meaning */
#define HR_ELF_DT_LOOS 0x60000000u /* from here on those of operating systems and processors */

typedef struct {
    uint32_t tag;
    uint32_t value;
} hr_elf_dynamic_t;

#define HR_ELF_SHN_UNDEF 0
#define HR_ELF_SHN_LORESERVE 0xff00
#define HR_ELF_SHN_ABS 0xfff1

#define HR_ELF_STB_LOCAL 0
#define HR_ELF_STB_WEAK 2 /* the last one that the System V ABI has */
#define HR_ELF_STT_SECTION 3 /* before it: no type, objects and functions */

typedef struct {
    uint32_t name;
    uint32_t value;
    uint32_t size;
    uint8_t info;
    uint8_t other;
    uint16_t shndx;
} hr_elf_symbol_t;

#define HR_ELF_SYMBOL_BIND(symbol) ((symbol)->info >> 4)
#define HR_ELF_SYMBOL_TYPE(symbol) ((symbol)->info & 15)

typedef struct {
    uint32_t offset;
    uint32_t info;
    uint32_t addend; /* signed in the file; sums wrap modulo 2^32 */
} hr_elf_rela_t;

#define HR_ELF_RELA_SYMBOL(rela) ((rela)->info >> 8)
#define HR_ELF_RELA_TYPE(rela) ((rela)->info & 255)

#define HR_R_XTENSA_NONE 0
#define HR_R_XTENSA_32 1
#define HR_R_XTENSA_RTLD 2
#define HR_R_XTENSA_GLOB_DAT 3
#define HR_R_XTENSA_JMP_SLOT 4
#define HR_R_XTENSA_RELATIVE 5
#define HR_R_XTENSA_PLT 6

_Static_assert(sizeof(hr_elf_header_t) == 52, "ELF header");
_Static_assert(sizeof(hr_elf_segment_t) == 32, "program header");
_Static_assert(sizeof(hr_elf_note_t) == 12, "note");
_Static_assert(sizeof(hr_elf_dynamic_t) == 8, "dynamic entry");
_Static_assert(sizeof(hr_elf_symbol_t) == 16, "symbol");
_Static_assert(sizeof(hr_elf_rela_t) == 12, "relocation");
