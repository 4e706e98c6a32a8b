"""The corpus of bad modules: one ELF per defect, made without a toolchain.

Each is a good module but for one thing, so that nothing else can be why it is refused. Host tests,
fuzzers and devices get the same bytes and have to answer with the same error. A new defect is one
entry in `bad_images()`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from elf_builder import (
    DATA,
    DT_FINI,
    DT_FINI_ARRAYSZ,
    DT_HASH,
    DT_INIT,
    DT_INIT_ARRAY,
    DT_INIT_ARRAYSZ,
    DT_JMPREL,
    DT_NEEDED,
    DT_PLTREL,
    DT_PLTRELSZ,
    DT_PREINIT_ARRAYSZ,
    DT_REL,
    DT_RELA,
    DT_RELAENT,
    DT_RELASZ,
    DT_RELR,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMENT,
    DT_SYMTAB,
    FUNCTION,
    IDENTITY,
    META,
    PF_R,
    PT_DYNAMIC,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_NULL,
    PT_SHLIB,
    PT_TLS,
    R_GLOB_DAT,
    R_NONE,
    R_RELATIVE,
    R_SLOT0_OP,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    STB_GNU_UNIQUE,
    STB_LOCAL,
    STB_WEAK,
    STT_GNU_IFUNC,
    STT_TLS,
    SYM,
    TEXT,
    ModuleBuilder,
    Reloc,
    Segment,
    Symbol,
    note,
    tables_of_functions,
)

EXPORTS = ("f", "g")


@dataclass(frozen=True)
class BadImage:
    elf: bytes
    error: str  # its name
    words: str  # in the message: the field and its value


def bad_images(exports: Sequence[str] = EXPORTS, identity: bytes = IDENTITY) -> dict[str, BadImage]:
    """The corpus by the names of the defects, for a firmware that calls `exports`.

    `exports` are in the order of the firmware's table; there are two at least.
    """
    functions = [Symbol(name, TEXT) for name in exports]
    first = exports[0]
    images: dict[str, BadImage] = {}

    def module(**fields: object) -> bytes:
        return ModuleBuilder(
            **({"symbols": functions, "notes": note(content=identity)} | fields)  # type: ignore[arg-type]
        ).build()

    def unstripped(**fields: object) -> bytes:
        return module(sections=6, **fields)

    def segment(*args: object, **fields: object) -> bytes:
        """With one segment more."""
        return module(extra_segments=[Segment(*args, **fields)])  # type: ignore[arg-type]

    def reloc(offset: int, kind: int, symbol: int = 0, **fields: object) -> bytes:
        return module(rela=[Reloc(offset, kind, symbol)], **fields)

    def symbol(used: Symbol, **fields: object) -> bytes:
        """With one symbol more, and a relocation against it."""
        index = len(functions) + 1
        return reloc(DATA, R_GLOB_DAT, index, symbols=[*functions, used], **fields)

    def first_as(**fields: object) -> list[Symbol]:
        """The symbols with another one in the place of the first function."""
        return [Symbol(**({"name": first, "value": TEXT} | fields)), *functions[1:]]  # type: ignore[arg-type]

    def constructors(
        tags: dict[int, int | None] | None = None,
        rela: Sequence[Reloc] | None = None,
        more: Sequence[Symbol] = (),
        **fields: object,
    ) -> bytes:
        """With two constructors and a destructor."""
        good = tables_of_functions(2, 1)
        changed = {"tags": good["tags"] | (tags or {}), "symbols": [*functions, *more]}  # type: ignore[operator]
        return module(**(good | changed | ({} if rela is None else {"rela": rela}) | fields))

    def bad(error: str, **entries: tuple[bytes, str]) -> None:
        for name, (elf, words) in entries.items():
            assert name not in images
            images[name.replace("_", " ")] = BadImage(elf, f"HOTRELOAD_ERR_{error}", words)

    # the ELF header

    bad("EMPTY", empty=(b"", "no bytes"))
    bad("TRUNCATED", header_cut_off=(module()[:51], "51 bytes"))
    bad(
        "MAGIC",
        blank=(b"\xff" * 4096, "ff ff ff ff"),
        no_ELF=(b"GIF89a" + bytes(100), "47 49 46 38"),
    )
    bad("CLASS", class_64_bit=(module(ident={4: 2}), "EI_CLASS is 2"))
    bad("ENDIANNESS", big_endian=(module(ident={5: 2}), "EI_DATA is 2"))
    bad(
        "VERSION",
        ident_version=(module(ident={6: 0}), "EI_VERSION is 0"),
        version=(module(header={"version": 2}), "e_version is 2"),
    )
    bad(
        "ABI",
        operating_system=(module(ident={7: 3}), "EI_OSABI is 3"),
        ABI_version=(module(ident={8: 1}), "EI_ABIVERSION is 1"),
    )
    bad("TYPE", executable=(module(header={"type": 2}), "e_type is 2"))
    bad("MACHINE", machine=(module(header={"machine": 62}), "e_machine is 62"))
    bad("FLAGS", machine_variant=(module(header={"flags": 0x301}), "e_flags 0x301"))
    bad(
        "HEADER_SIZE",
        ehsize=(module(header={"ehsize": 64}), "e_ehsize is 64"),
        phentsize=(module(header={"phentsize": 31}), "e_phentsize is 31"),
        shentsize=(unstripped(header={"shentsize": 41}), "e_shentsize is 41"),
    )
    bad(
        "PROGRAM_HEADERS",
        no_segments=(module(header={"phnum": 0}), "e_phnum is 0"),
        phnum_elsewhere=(module(header={"phnum": 0xFFFF}), "e_phnum is 65535"),
        phnum_too_large=(module(header={"phnum": 1000}), "e_phnum 1000"),
        phoff_in_the_header=(module(header={"phoff": 0}), "e_phoff 0x0"),
        phoff_wraps=(module(header={"phoff": 0xFFFFFFF0}), "e_phoff 0xfffffff0"),
    )
    bad(
        "SECTION_HEADERS",
        sections_cut_off=(unstripped()[:-1], "e_shnum 6"),
        shoff_wraps=(unstripped(header={"shoff": 0xFFFFFFE0}), "e_shoff 0xffffffe0"),
        shoff_in_the_header=(unstripped(header={"shoff": 51}), "e_shoff 0x33"),
        shoff_without_sections=(module(header={"shoff": 0x40}), "e_shoff is 0x40"),
        shnum_reserved=(unstripped(header={"shnum": 0xFF00}), "e_shnum is 65280"),
        shstrndx_too_large=(unstripped(header={"shstrndx": 6}), "e_shstrndx is 6"),
    )

    # program headers

    bad(
        "SEGMENT_TYPE",
        thread_local=(segment(PT_TLS, 0, b"", PF_R), "PT_TLS"),
        interpreter=(segment(PT_INTERP, 0, b"ld.so\0", PF_R), "p_type is 0x3"),
        reserved_segment=(segment(PT_SHLIB, 0, b"", PF_R), "p_type is 0x5"),
        unknown_segment=(segment(0x12345, 0, b"", PF_R), "p_type is 0x12345"),
        processor_s_segment=(segment(0x70000000, 0, b"", PF_R), "p_type is 0x70000000"),
    )
    many = [Segment(PT_LOAD, 0x20000000 + 64 * i, b"x", PF_R) for i in range(7)]
    bad("SEGMENT_COUNT", nine_segments=(module(extra_segments=many), "more than the 8"))
    bad(
        "SEGMENT_FLAGS",
        segment_flags=(module(data_segment={"flags": 0x80000006}), "p_flags 0x80000006"),
    )
    bad(
        "SEGMENT_BOUNDS",
        segment_behind_the_file=(module(text_segment={"offset": 0x10000}), "p_offset 0x10000"),
        segment_offset_wraps=(module(text_segment={"offset": 0xFFFFFFFC}), "p_offset 0xfffffffc"),
        segment_size_wraps=(
            module(text_segment={"filesz": 0xFFFFFFFF, "memsz": 0xFFFFFFFF}),
            "p_filesz 4294967295",
        ),
        file_larger_than_memory=(module(text_segment={"memsz": 4}), "p_memsz 4"),
        file_but_no_memory=(module(data_segment={"memsz": 0}), "p_memsz 0"),
        address_wraps=(module(data_segment={"vaddr": 0xFFFFFFFC}), "p_vaddr 0xfffffffc"),
        memory_wraps=(module(data_segment={"memsz": 0xF0000000}), "p_memsz 4026531840"),
    )
    bad(
        "SEGMENT_ALIGN",
        alignment_of_3=(module(data_segment={"align": 3}), "p_align is 3"),
        alignment_of_64_KB=(module(data_segment={"align": 65536}), "p_align is 65536"),
        address_and_offset_differ=(module(data_segment={"vaddr": DATA + 2}), "p_align 4"),
        text_not_at_a_word=(
            module(text_segment={"vaddr": TEXT + 2, "align": 1}),
            "p_vaddr 0x10000002",
        ),
    )
    bad(
        "SEGMENT_OVERLAP",
        segments_overlap=(module(data_segment={"vaddr": TEXT + 4}), "p_vaddr 0x10000004"),
        tables_overlap_data=(module(data_segment={"vaddr": META}), "p_vaddr 0x18000000"),
        segment_around_another=(
            module(data_segment={"vaddr": TEXT - 4, "memsz": 0x1000}),
            "p_memsz 4096",
        ),
    )
    bad(
        "NO_TEXT",
        no_text=(module(text_segment={"flags": PF_R}), "PF_X"),
        empty_text=(module(text=b""), "PF_X"),
    )
    bad(
        "NOTE",
        notes_outside=(
            segment(PT_NOTE, 0, bytes(40), PF_R, offset=0xFFFFFFF0),
            "p_offset 0xfffffff0 with p_filesz 40",
        ),
        note_cut_off=(module(notes=note(content=identity) + bytes(11)), "11 bytes"),
        note_name_too_long=(
            module(notes=struct.pack("<III", 41, 0, 1) + bytes(28)),
            "n_namesz 41 with n_descsz 0",
        ),
        note_sizes_wrap=(
            module(notes=struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, 1) + bytes(28)),
            "n_namesz 4294967295 with n_descsz 4294967295",
        ),
        identity_too_short=(module(notes=note(content=identity[:12])), "n_descsz is 12"),
    )
    another = bytes(byte ^ 1 for byte in identity)
    bad("IDENTITY", identity_of_another=(module(notes=note(content=another)), another.hex()))
    bad(
        "IDENTITY_MISSING",
        no_notes=(module(notes=None), "module has no note"),
        notes_of_others=(module(notes=note(owner=b"GNU\0")), "module has no note"),
    )

    # the dynamic table

    bad(
        "DYNAMIC",
        dynamic_behind_the_file=(module(dynamic_segment={"offset": 0x20000}), "p_offset 0x20000"),
        dynamic_size_wraps=(
            module(dynamic_segment={"filesz": 0xFFFFFFFF}),
            "p_filesz 4294967295",
        ),
        dynamic_without_end=(module(dynamic_end=False), "no DT_NULL"),
        dynamic_cut_off=(module(dynamic_segment={"filesz": 12}), "1 entries"),
        dynamic_empty=(module(dynamic_segment={"filesz": 0}), "has 0 bytes, which is no dynamic"),
        dynamic_half_an_entry=(
            module(dynamic_segment={"filesz": 7}),
            "(-shared), and strip it with its .dynamic",
        ),
        two_dynamic_tables=(segment(PT_DYNAMIC, 0, b"", PF_R), "second"),
        no_dynamic_table=(
            unstripped(dynamic_segment={"type": PT_NULL}),
            "no PT_DYNAMIC segment: link the module as a shared object",
        ),
        tag_twice=(module(more_tags=[(DT_STRSZ, 8)]), "tag 10 twice"),
        unknown_tag=(module(more_tags=[(38, 0)]), "unknown tag 38"),
        library_needed=(module(more_tags=[(DT_NEEDED, 1)]), "DT_NEEDED"),
        relocations_without_addend=(module(tags={DT_REL: META}), "DT_REL: "),
        packed_relocations=(module(tags={DT_RELR: META}), "DT_RELR"),
        no_symbol_size=(module(tags={DT_SYMENT: None}), "DT_SYMTAB is there without DT_SYMENT"),
        no_relocations_size=(module(tags={DT_RELASZ: None}), "DT_RELA is there without DT_RELASZ"),
        no_relocation_size=(module(tags={DT_RELAENT: None}), "DT_RELA is there without DT_RELAENT"),
        no_PLT_size=(module(tags={DT_PLTRELSZ: None}), "DT_JMPREL is there without DT_PLTRELSZ"),
        no_size_of_the_constructors=(
            constructors({DT_INIT_ARRAYSZ: None}),
            "DT_INIT_ARRAY is there without DT_INIT_ARRAYSZ",
        ),
        no_size_of_the_destructors=(
            constructors({DT_FINI_ARRAYSZ: None}),
            "DT_FINI_ARRAY is there without DT_FINI_ARRAYSZ",
        ),
        no_PLT_kind=(module(tags={DT_PLTREL: None}), "DT_JMPREL is there without DT_PLTREL"),
    )
    bad(
        "CONSTRUCTOR",
        init_function=(module(tags={DT_INIT: TEXT}), "DT_INIT is 0x10000000"),
        fini_function=(module(tags={DT_FINI: TEXT}), "DT_FINI is 0x10000000"),
        early_constructors=(module(tags={DT_PREINIT_ARRAYSZ: 4}), "DT_PREINIT_ARRAYSZ is 0x4"),
        half_a_constructor=(constructors({DT_INIT_ARRAYSZ: 6}), "DT_INIT_ARRAYSZ 6 "),
        half_a_destructor=(constructors({DT_FINI_ARRAYSZ: 3}), "DT_FINI_ARRAYSZ 3 "),
        constructors_wrap=(
            constructors({DT_INIT_ARRAYSZ: 0xFFFFFFFC}),
            "DT_INIT_ARRAYSZ 4294967292",
        ),
        many_constructors=(constructors({DT_INIT_ARRAYSZ: 1028}), "a multiple of 4 up to 1024"),
        constructors_nowhere=(
            constructors({DT_INIT_ARRAY: None}),
            "DT_INIT_ARRAY 0x0 with 8 bytes",
        ),
        constructors_outside=(
            constructors({DT_INIT_ARRAY: 0x30000000}),
            "DT_INIT_ARRAY 0x30000000 with 8 bytes",
        ),
        destructors_end_outside=(
            constructors({DT_FINI_ARRAYSZ: 8}),
            f"DT_FINI_ARRAY {DATA + 8:#x} with 8 bytes",
        ),
        constructors_in_zeroed_data=(
            constructors({DT_INIT_ARRAY: DATA + 12}, bss=64),
            f"DT_INIT_ARRAY {DATA + 12:#x}",
        ),
        constructors_in_the_tables=(
            constructors({DT_INIT_ARRAY: META}),
            f"DT_INIT_ARRAY {META:#x}",
        ),
        constructor_in_the_data=(
            constructors(data=struct.pack("<3I", DATA, TEXT, TEXT)),
            f"entry 0 of DT_INIT_ARRAY is {DATA:#x}",
        ),
        constructor_of_the_firmware=(
            constructors(data=struct.pack("<3I", TEXT, 0x3FFF0000, TEXT)),
            "entry 1 of DT_INIT_ARRAY is 0x3fff0000",
        ),
        destructor_inside_a_function=(
            constructors(data=struct.pack("<3I", TEXT, TEXT, TEXT + 3)),
            f"entry 0 of DT_FINI_ARRAY is {TEXT + 3:#x}",
        ),
        destructor_behind_the_text=(
            constructors(data=struct.pack("<3I", TEXT, TEXT, TEXT + 4 * len(FUNCTION))),
            f"entry 0 of DT_FINI_ARRAY is {TEXT + 4 * len(FUNCTION):#x}",
        ),
        constructor_that_is_a_fixed_address=(
            constructors(
                rela=[
                    Reloc(DATA, R_GLOB_DAT, len(functions) + 1),
                    *(Reloc(DATA + 4 * index, R_RELATIVE) for index in (1, 2)),
                ],
                more=[Symbol("fixed", 0x3FFF0000, SHN_ABS)],
            ),
            "entry 0 of DT_INIT_ARRAY is 0xffffffff",
        ),
        constructor_that_nobody_defines=(
            constructors(
                rela=[
                    Reloc(DATA, R_GLOB_DAT, len(functions) + 1),
                    *(Reloc(DATA + 4 * index, R_RELATIVE) for index in (1, 2)),
                ],
                more=[Symbol("nobody", TEXT, SHN_UNDEF, STB_WEAK)],
            ),
            "entry 0 of DT_INIT_ARRAY is 0xffffffff",
        ),
        constructor_that_is_not_relocated=(
            constructors(
                rela=[
                    *(Reloc(DATA + 4 * index, R_RELATIVE) for index in (1, 2)),
                    Reloc(DATA, R_NONE),
                ]
            ),
            "1 of the 2 entries of DT_INIT_ARRAY have no relocation",
        ),
        constructor_that_is_relocated_twice=(
            constructors(rela=[Reloc(DATA + 4 * index, R_RELATIVE) for index in (0, 1, 2, 1)]),
            f"{DATA + 4:#x} is not the only one of an entry of DT_INIT_ARRAY",
        ),
        constructor_that_is_relocated_in_part=(
            constructors(rela=[Reloc(DATA + at, R_RELATIVE) for at in (0, 4, 8, 6)]),
            f"{DATA + 6:#x} is not the only one of an entry of DT_INIT_ARRAY",
        ),
    )
    bad(
        "ENTRY_SIZE",
        symbol_size=(module(tags={DT_SYMENT: 24}), "DT_SYMENT is 24"),
        relocation_size=(module(tags={DT_RELAENT: 8}), "DT_RELAENT is 8"),
    )

    # hash, symbol and string tables

    bad(
        "HASH",
        no_hash=(module(tags={DT_HASH: None}), "--hash-style=sysv"),
        hash_elsewhere=(module(tags={DT_HASH: 0x100}), "DT_HASH 0x100"),
        hash_at_the_end=(module(tags={DT_HASH: META + 0x10000}), "DT_HASH 0x18010000"),
        no_buckets=(module(hash_counts={0: 0}), "0 buckets"),
        no_chains=(module(hash_counts={1: 0}), "0 chain entries"),
        buckets_wrap=(module(hash_counts={0: 0x40000000}), "1073741824 buckets"),
        chains_wrap=(module(hash_counts={1: 0xFFFFFFFF}), "4294967295 chain entries"),
        bucket_names_no_symbol=(
            module(symbols=[Symbol("other", TEXT), *functions], buckets=[9999]),
            "symbol 9999",
        ),
        chain_names_no_symbol=(
            module(
                symbols=[Symbol("other", TEXT), *functions],
                buckets=[1],
                chains=[0, 7777] + [0] * len(functions),
            ),
            "symbol 7777",
        ),
    )
    others = [Symbol(f"other_{i}", TEXT) for i in range(100)]
    bad(
        "HASH_CHAIN",
        chain_is_a_circle=(
            module(
                symbols=[Symbol("other", TEXT), *functions],
                buckets=[1],
                chains=[0, 1] + [0] * len(functions),
            ),
            "do not end: symbol 1",
        ),
        chain_too_long=(
            module(symbols=[*reversed(functions), *others], bucket_count=1),
            "too long",
        ),
    )
    bad(
        "SYMBOL_TABLE",
        no_symbol_table=(module(tags={DT_SYMTAB: None}), "no DT_SYMTAB"),
        symbol_table_elsewhere=(module(tags={DT_SYMTAB: 0x100}), "DT_SYMTAB 0x100"),
        more_chains_than_symbols=(
            module(chains=[0] * 10000),
            "with 10000 symbols",
        ),
    )
    bad(
        "STRING_TABLE",
        no_string_table=(module(tags={DT_STRTAB: None}), "DT_STRTAB"),
        no_string_size=(module(tags={DT_STRSZ: None}), "DT_STRSZ"),
        string_table_elsewhere=(module(tags={DT_STRTAB: 0x100}), "DT_STRTAB 0x100"),
        string_table_too_long=(module(tags={DT_STRSZ: 0xFFFFFFFF}), "DT_STRSZ 4294967295"),
        no_strings=(module(tags={DT_STRSZ: 0}), "0 bytes"),
        strings_without_start=(module(string_head=b"x"), "does not start with 0"),
    )
    bad(
        "STRING_END",
        strings_without_end=(module(string_tail=b"x"), "ends with 0x78"),
    )
    bad(
        "SYMBOL_NAME",
        symbol_name_elsewhere=(symbol(Symbol("c", DATA, name_at=0x10000)), "st_name 65536"),
        name_in_a_chain_elsewhere=(
            module(
                symbols=[
                    Symbol("other", TEXT),
                    *functions,
                    Symbol("c", TEXT, name_at=99999),
                ],
                bucket_count=1,
            ),
            "st_name 99999",
        ),
    )
    bad(
        "SYMBOL_INFO",
        thread_local_symbol=(symbol(Symbol("c", DATA, type=STT_TLS)), "st_info 0x16"),
        indirect_symbol=(symbol(Symbol("c", TEXT, type=STT_GNU_IFUNC)), "st_info 0x1a"),
        unique_symbol=(symbol(Symbol("c", DATA, bind=STB_GNU_UNIQUE)), "st_info 0xa2"),
        indirect_export=(module(symbols=first_as(type=STT_GNU_IFUNC)), "st_info 0x1a"),
    )
    bad(
        "SYMBOL_SECTION",
        common_export=(module(symbols=first_as(section=SHN_COMMON)), "0xfff2"),
        common_symbol=(symbol(Symbol("c", 4, SHN_COMMON)), "0xfff2"),
        section_elsewhere=(symbol(Symbol("c", DATA, 0xFFFF)), "st_shndx is 0xffff"),
        section_too_large=(unstripped(symbols=first_as(section=77)), "st_shndx is 0x4d"),
    )
    bad(
        "SYMBOL_VALUE",
        symbol_far_away=(symbol(Symbol("c", 0x20000000)), "st_value 0x20000000"),
        symbol_in_the_tables=(symbol(Symbol("c", META)), "st_value 0x18000000"),
    )
    bad(
        "SYMBOL_MISSING",
        missing_export=(module(symbols=functions[1:]), f"function {first}"),
        local_export=(module(symbols=first_as(bind=STB_LOCAL)), f"function {first}"),
        undefined_export=(module(symbols=first_as(section=SHN_UNDEF)), f"function {first}"),
    )
    bad("SYMBOL_UNDEFINED", undefined_import=(symbol(Symbol("gone", 0, SHN_UNDEF)), "gone"))
    bad(
        "ENTRY",
        export_in_data=(module(symbols=first_as(value=DATA)), "st_value 0x14000000"),
        export_outside=(module(symbols=first_as(value=0x100)), "st_value 0x100"),
        export_not_at_a_word=(
            module(text=bytes(2) + FUNCTION, symbols=first_as(value=TEXT + 2)),
            "st_value 0x10000002",
        ),
        export_cut_off=(
            module(text=FUNCTION + FUNCTION[:2], symbols=first_as(value=TEXT + 8)),
            "st_value 0x10000008",
        ),
        export_behind_the_file=(
            module(text_segment={"memsz": 64}, symbols=first_as(value=TEXT + 32)),
            "st_value 0x10000020",
        ),
        export_is_no_function=(module(text=b"\x1d\xf0" + bytes(6)), "1d f0 00"),
        export_keeps_its_frame_elsewhere=(
            module(text=b"\x36\x42\x00" + bytes(5)),
            "36 42 00",
        ),
    )

    # relocations

    table = META + 4 * (2 + 1 + len(functions) + 1) + SYM.size * (len(functions) + 1)
    bad(
        "RELOC_TABLE",
        PLT_relocation_kind=(module(tags={DT_PLTREL: 17}), "DT_PLTREL is 17"),
        half_a_relocation=(reloc(DATA, R_RELATIVE, tags={DT_RELASZ: 13}), "DT_RELASZ 13"),
        half_a_PLT_relocation=(reloc(DATA, R_RELATIVE, tags={DT_PLTRELSZ: 1}), "DT_PLTRELSZ 1"),
        relocations_elsewhere=(
            reloc(DATA, R_RELATIVE, tags={DT_RELA: 0x100}),
            "DT_RELA 0x100 with DT_RELASZ 12",
        ),
        relocations_without_address=(reloc(DATA, R_RELATIVE, tags={DT_RELA: None}), "DT_RELA 0x0"),
        relocations_too_many=(
            reloc(DATA, R_RELATIVE, tags={DT_RELASZ: 0xFFFFFFFC}),
            "DT_RELASZ 4294967292",
        ),
        relocation_tables_overlap=(
            reloc(DATA, R_RELATIVE, bucket_count=1, tags={DT_JMPREL: table, DT_PLTRELSZ: 12}),
            "overlap",
        ),
    )
    bad(
        "RELOC_TYPE",
        relocation_type=(reloc(DATA, 99), "type 99"),
        relocation_type_of_an_object_file=(reloc(TEXT, R_SLOT0_OP, 1), "type 20"),
    )
    bad(
        "RELOC_OFFSET",
        relocation_outside=(reloc(0x100, R_RELATIVE), "r_offset 0x100"),
        relocation_in_the_tables=(reloc(META, R_RELATIVE), "r_offset 0x18000000"),
        relocation_before_a_segment=(reloc(DATA - 1, R_RELATIVE), "r_offset 0x13ffffff"),
        relocation_over_the_end=(reloc(DATA + 1, R_RELATIVE), "r_offset 0x14000001"),
        relocation_at_the_end=(reloc(DATA + 4, R_RELATIVE), "r_offset 0x14000004"),
        relocation_into_the_next_segment=(
            reloc(TEXT + 6, R_RELATIVE, data_segment={"vaddr": TEXT + 8}),
            "r_offset 0x10000006",
        ),
        relocation_wraps=(reloc(0xFFFFFFFE, R_RELATIVE), "r_offset 0xfffffffe"),
        PLT_relocation_outside=(
            module(plt=[Reloc(DATA + 2, R_RELATIVE)]),
            "relocation 0: the 4 bytes at r_offset 0x14000002",
        ),
    )
    bad(
        "RELOC_SYMBOL",
        relocation_without_symbol=(reloc(DATA, R_GLOB_DAT, 0), "symbol 0"),
        relocation_symbol_too_large=(reloc(DATA, R_GLOB_DAT, 9999), "symbol 9999"),
        relative_with_a_symbol=(reloc(DATA, R_RELATIVE, 1), "has symbol 1"),
    )
    far = struct.pack("<I", 0x34000000)
    fixed = Symbol("c", 0x34000000, SHN_ABS)
    moved = [Reloc(TEXT + 8, R_RELATIVE)]
    bad(
        "RELOC_VALUE",
        relative_to_nowhere=(reloc(DATA, R_RELATIVE, data=far), "0x34000000 is no address"),
        symbol_of_nowhere=(symbol(fixed), "0x34000000 is no address"),
        symbol_of_the_link_addresses=(symbol(Symbol("c", DATA, SHN_ABS)), "0x14000000 is no"),
        addend_far_away=(
            module(rela=[Reloc(DATA, R_GLOB_DAT, 1, 0x40000000)]),
            "0x50000000 is no address",
        ),
        data_moved_by_one_bit=(
            module(
                text=FUNCTION + struct.pack("<I", DATA),
                data_segment={"vaddr": DATA ^ 1 << 29},
                rela=moved,
            ),
            "at 0x10000008: 0x14000000 is no address",
        ),
    )
    return images
