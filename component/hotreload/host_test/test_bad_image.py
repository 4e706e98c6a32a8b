"""One bad ELF per defect: each is refused with its own error, and the message names the field."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_builder import (
    DATA,
    DT_HASH,
    DT_INIT,
    DT_INIT_ARRAYSZ,
    DT_JMPREL,
    DT_PLTREL,
    DT_PLTRELSZ,
    DT_REL,
    DT_RELA,
    DT_RELAENT,
    DT_RELASZ,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMENT,
    DT_SYMTAB,
    FUNCTION,
    META,
    PF_R,
    PF_W,
    PF_X,
    PT_DYNAMIC,
    PT_LOAD,
    PT_NOTE,
    PT_TLS,
    R_32,
    R_GLOB_DAT,
    R_RELATIVE,
    R_SLOT0_OP,
    SHN_COMMON,
    SHN_UNDEF,
    STB_LOCAL,
    TEXT,
    ModuleBuilder,
    Reloc,
    Segment,
    Symbol,
)
from host import Host

ELF_HEADER = 52


def module(**fields: object) -> bytes:
    return ModuleBuilder(**fields).build()  # type: ignore[arg-type]


def with_segment(*args: object, **fields: object) -> bytes:
    return module(extra_segments=[Segment(*args, **fields)])  # type: ignore[arg-type]


def with_reloc(*relocs: Reloc, **fields: object) -> bytes:
    return module(rela=list(relocs), **fields)


def static(**fields: object) -> bytes:
    return module(dynamic=False, **fields)


def patched(elf: bytes, offset: int, value: int) -> bytes:
    return elf[:offset] + struct.pack("<I", value) + elf[offset + 4 :]


def section_field(elf: bytes, section: int, index: int) -> int:
    """Offset of a field of a section header."""
    shoff: int = struct.unpack_from("<I", elf, 32)[0]
    return shoff + 40 * section + 4 * index


def static_patched(section: int, index: int, value: int) -> bytes:
    elf = static(rela=[Reloc(DATA, R_32, 1)])
    return patched(elf, section_field(elf, section, index), value)


SYMTAB_SECTION, RELA_SECTION, STRTAB_SECTION = 3, 5, 4
SH_OFFSET, SH_SIZE, SH_LINK, SH_ENTSIZE = 4, 5, 6, 9

# defect: how to make it, the error, and what the message names
DEFECTS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "empty": (lambda: b"", "EMPTY", "no bytes"),
    "blank": (lambda: b"\xff" * 4096, "MAGIC", "ff ff ff ff"),
    "51 bytes": (lambda: module()[:51], "TRUNCATED", "51 bytes"),
    "not an ELF": (lambda: b"GIF89a" + bytes(100), "MAGIC", "47 49 46 38"),
    "64-bit": (lambda: module(ident={4: 2}), "CLASS", "EI_CLASS is 2"),
    "big-endian": (lambda: module(ident={5: 2}), "ENDIANNESS", "EI_DATA is 2"),
    "ident version": (lambda: module(ident={6: 0}), "VERSION", "EI_VERSION is 0"),
    "version": (lambda: module(header={"version": 2}), "VERSION", "e_version is 2"),
    "executable": (lambda: module(header={"type": 2}), "TYPE", "e_type is 2"),
    "machine": (lambda: module(header={"machine": 62}), "MACHINE", "e_machine is 62"),
    "ehsize": (lambda: module(header={"ehsize": 64}), "HEADER_SIZE", "e_ehsize is 64"),
    "phentsize": (lambda: module(header={"phentsize": 31}), "HEADER_SIZE", "e_phentsize is 31"),
    "shentsize": (
        lambda: static(header={"shentsize": 41}),
        "HEADER_SIZE",
        "e_shentsize is 41",
    ),
    "no segments": (lambda: module(header={"phnum": 0}), "PROGRAM_HEADERS", "e_phnum is 0"),
    "phoff": (
        lambda: module(header={"phoff": 0xFFFFFFF0}),
        "PROGRAM_HEADERS",
        "e_phoff 0xfffffff0",
    ),
    "phnum": (lambda: module(header={"phnum": 0xFFFF}), "PROGRAM_HEADERS", "e_phnum 65535"),
    "section table cut off": (lambda: static()[:-1], "SECTION_HEADERS", "e_shnum 6"),
    "section table wraps": (
        lambda: static(header={"shoff": 0xFFFFFFE0}),
        "SECTION_HEADERS",
        "e_shoff 0xffffffe0",
    ),
    "notes outside the image": (
        lambda: with_segment(PT_NOTE, 0, bytes(40), PF_R, offset=0xFFFFFFF0),
        "NOTE",
        "p_offset 0xfffffff0 with p_filesz 40",
    ),
    "thread-local": (lambda: with_segment(PT_TLS, 0, b"", PF_R), "SEGMENT_TYPE", "PT_TLS"),
    "nine segments": (
        lambda: module(
            extra_segments=[Segment(PT_LOAD, 0x20000000 + 64 * i, b"x", PF_R) for i in range(7)]
        ),
        "SEGMENT_COUNT",
        "more than 8",
    ),
    "segment behind the file": (
        lambda: module(text_segment={"offset": 0x1000}),
        "SEGMENT_BOUNDS",
        "p_offset 0x1000",
    ),
    "segment offset wraps": (
        lambda: module(text_segment={"offset": 0xFFFFFFFC}),
        "SEGMENT_BOUNDS",
        "p_offset 0xfffffffc",
    ),
    "file larger than memory": (
        lambda: module(text_segment={"memsz": 4}),
        "SEGMENT_BOUNDS",
        "p_memsz 4",
    ),
    "segment behind the address space": (
        lambda: module(data_segment={"vaddr": 0xFFFFFFFC}),
        "SEGMENT_BOUNDS",
        "p_vaddr 0xfffffffc",
    ),
    "alignment of 3": (lambda: module(data_segment={"align": 3}), "SEGMENT_ALIGN", "p_align is 3"),
    "alignment of 64 KB": (
        lambda: module(data_segment={"align": 65536}),
        "SEGMENT_ALIGN",
        "p_align is 65536",
    ),
    "address and offset differ": (
        lambda: module(data_segment={"vaddr": DATA + 2}),
        "SEGMENT_ALIGN",
        "p_align 4",
    ),
    "text not at a word": (
        lambda: module(text_segment={"vaddr": TEXT + 2, "align": 1}),
        "SEGMENT_ALIGN",
        "multiple of 4",
    ),
    "segments overlap": (
        lambda: module(data_segment={"vaddr": TEXT + 4}),
        "SEGMENT_OVERLAP",
        "0x10000004",
    ),
    "tables overlap data": (
        lambda: module(data_segment={"vaddr": META}),
        "SEGMENT_OVERLAP",
        "0x18000000",
    ),
    "no text": (lambda: module(text_segment={"flags": PF_R}), "NO_TEXT", "PF_X"),
    "empty text": (lambda: module(text=b""), "NO_TEXT", "PF_X"),
    "dynamic behind the file": (
        lambda: patched(module(), ELF_HEADER + 3 * 32 + 4, 0x2000),
        "DYNAMIC",
        "p_offset 0x2000",
    ),
    "dynamic without end": (
        lambda: patched(module(), ELF_HEADER + 3 * 32 + 16, 8),
        "DYNAMIC",
        "no DT_NULL",
    ),
    "two dynamic tables": (lambda: with_segment(PT_DYNAMIC, 0, b"", PF_R), "DYNAMIC", "second"),
    "neither dynamic nor sections": (
        lambda: patched(module(), ELF_HEADER + 3 * 32, 0),
        "DYNAMIC",
        "neither",
    ),
    "relocations without addend": (lambda: module(tags={DT_REL: META}), "DYNAMIC", "DT_REL"),
    "init function": (lambda: module(tags={DT_INIT: TEXT}), "CONSTRUCTOR", "DT_INIT"),
    "constructors": (lambda: module(tags={DT_INIT_ARRAYSZ: 4}), "CONSTRUCTOR", "INIT_ARRAYSZ is 4"),
    "no hash": (lambda: module(tags={DT_HASH: None}), "HASH", "--hash-style=sysv"),
    "hash elsewhere": (lambda: module(tags={DT_HASH: 0x100}), "HASH", "DT_HASH 0x100"),
    "no buckets": (lambda: module(buckets=[]), "HASH", "0 buckets"),
    "too many buckets": (lambda: patched_hash(0, 0x40000000), "HASH", "1073741824 buckets"),
    "too many chains": (lambda: patched_hash(1, 0xFFFFFFFF), "HASH", "4294967295 chain"),
    "hash names no symbol": (lambda: module(buckets=[7]), "HASH", "symbol 7 of 2"),
    "hash chain is a circle": (
        lambda: module(symbols=[Symbol("g", TEXT)], buckets=[1], chains=[0, 1]),
        "HASH",
        "does not end",
    ),
    "no symbol table": (lambda: module(tags={DT_SYMTAB: None}), "SYMBOL_TABLE", "no DT_SYMTAB"),
    "symbol table elsewhere": (
        lambda: module(tags={DT_SYMTAB: 0x100}),
        "SYMBOL_TABLE",
        "DT_SYMTAB 0x100",
    ),
    "symbol size": (lambda: module(tags={DT_SYMENT: 24}), "SYMBOL_TABLE", "DT_SYMENT is 24"),
    "no string table": (lambda: module(tags={DT_STRTAB: None}), "STRING_TABLE", "DT_STRTAB"),
    "string table elsewhere": (
        lambda: module(tags={DT_STRTAB: 0x100}),
        "STRING_TABLE",
        "DT_STRTAB 0x100",
    ),
    "string table too long": (
        lambda: module(tags={DT_STRSZ: 0xFFFFFFFF}),
        "STRING_TABLE",
        "DT_STRSZ 4294967295",
    ),
    "strings without end": (lambda: module(string_tail=b"x"), "STRING_TABLE", "end with 0"),
    "no strings": (lambda: module(tags={DT_STRSZ: 0}), "STRING_TABLE", "0 bytes"),
    "symbol name elsewhere": (lambda: patched_symbol(0, 0x10000), "SYMBOL_NAME", "st_name 65536"),
    "common symbol": (
        lambda: module(symbols=[Symbol("f", TEXT, SHN_COMMON)]),
        "SYMBOL_SECTION",
        "0xfff2",
    ),
    "relocation to a common symbol": (
        lambda: with_reloc(
            Reloc(DATA, R_GLOB_DAT, 2), symbols=[Symbol("f", TEXT), Symbol("c", 4, SHN_COMMON)]
        ),
        "SYMBOL_SECTION",
        "0xfff2",
    ),
    "section index too large": (
        lambda: static(symbols=[Symbol("f", TEXT, 77)], rela=[Reloc(DATA, R_32, 1)]),
        "SYMBOL_SECTION",
        "0x4d",
    ),
    "missing export": (lambda: module(symbols=[Symbol("g", TEXT)]), "SYMBOL_MISSING", "function f"),
    "local export": (
        lambda: module(symbols=[Symbol("f", TEXT, bind=STB_LOCAL)]),
        "SYMBOL_MISSING",
        "function f",
    ),
    "undefined import": (
        lambda: with_reloc(
            Reloc(DATA, R_GLOB_DAT, 2), symbols=[Symbol("f", TEXT), Symbol("gone", 0, SHN_UNDEF)]
        ),
        "SYMBOL_UNDEFINED",
        "gone",
    ),
    "export in data": (lambda: module(symbols=[Symbol("f", DATA)]), "ENTRY", "0x14000000"),
    "export outside": (lambda: module(symbols=[Symbol("f", 0x100)]), "ENTRY", "0x100"),
    "export not at a word": (
        lambda: module(text=bytes(2) + FUNCTION, symbols=[Symbol("f", TEXT + 2)]),
        "ENTRY",
        "multiple of 4",
    ),
    "export cut off": (
        lambda: module(text=bytes(4) + FUNCTION[:2], symbols=[Symbol("f", TEXT + 4)]),
        "ENTRY",
        "0x10000004",
    ),
    "export is no function": (lambda: module(text=b"\x1d\xf0" + bytes(6)), "ENTRY", "1d f0 00"),
    "relocation size": (lambda: module(tags={DT_RELAENT: 8}), "RELOC_TABLE", "DT_RELAENT is 8"),
    "PLT relocation kind": (lambda: module(tags={DT_PLTREL: 17}), "RELOC_TABLE", "DT_PLTREL is 17"),
    "half a relocation": (
        lambda: with_reloc(Reloc(DATA, R_RELATIVE), tags={DT_RELASZ: 13}),
        "RELOC_TABLE",
        "13 bytes",
    ),
    "relocations elsewhere": (
        lambda: with_reloc(Reloc(DATA, R_RELATIVE), tags={DT_RELA: 0x100}),
        "RELOC_TABLE",
        "DT_RELA 0x100",
    ),
    "relocations without address": (
        lambda: with_reloc(Reloc(DATA, R_RELATIVE), tags={DT_RELA: None}),
        "RELOC_TABLE",
        "DT_RELA",
    ),
    "relocation tables overlap": (lambda: overlapping_tables(), "RELOC_TABLE", "overlap"),
    "relocation type": (lambda: with_reloc(Reloc(DATA, 99)), "RELOC_TYPE", "type 99"),
    "static type in a dynamic table": (
        lambda: with_reloc(Reloc(TEXT, R_SLOT0_OP, 1)),
        "RELOC_TYPE",
        "type 20",
    ),
    "dynamic type in a static table": (
        lambda: static(rela=[Reloc(DATA, R_RELATIVE)]),
        "RELOC_TYPE",
        "type 5",
    ),
    "relocation outside": (
        lambda: with_reloc(Reloc(0x100, R_RELATIVE)),
        "RELOC_OFFSET",
        "r_offset 0x100",
    ),
    "relocation in the tables": (
        lambda: with_reloc(Reloc(META, R_RELATIVE)),
        "RELOC_OFFSET",
        "r_offset 0x18000000",
    ),
    "relocation over the end": (
        lambda: with_reloc(Reloc(DATA + 1, R_RELATIVE)),
        "RELOC_OFFSET",
        "r_offset 0x14000001",
    ),
    "relocation wraps": (
        lambda: with_reloc(Reloc(0xFFFFFFFE, R_RELATIVE)),
        "RELOC_OFFSET",
        "r_offset 0xfffffffe",
    ),
    "relocation without symbol": (
        lambda: with_reloc(Reloc(DATA, R_GLOB_DAT, 0)),
        "RELOC_SYMBOL",
        "symbol 0",
    ),
    "relocation symbol too large": (
        lambda: with_reloc(Reloc(DATA, R_GLOB_DAT, 2)),
        "RELOC_SYMBOL",
        "symbol 2",
    ),
    "static symbol size": (
        lambda: static_patched(SYMTAB_SECTION, SH_ENTSIZE, 20),
        "SYMBOL_TABLE",
        "SHT_SYMTAB",
    ),
    "static symbols elsewhere": (
        lambda: static_patched(SYMTAB_SECTION, SH_OFFSET, 0xFFFFFFF0),
        "SYMBOL_TABLE",
        "0xfffffff0",
    ),
    "static symbols' link": (
        lambda: static_patched(SYMTAB_SECTION, SH_LINK, 99),
        "STRING_TABLE",
        "sh_link 99",
    ),
    "static strings too long": (
        lambda: static_patched(STRTAB_SECTION, SH_SIZE, 0x10000),
        "STRING_TABLE",
        "sh_size 65536",
    ),
    "static relocations elsewhere": (
        lambda: static_patched(RELA_SECTION, SH_OFFSET, 0xFFFF0000),
        "RELOC_TABLE",
        "0xffff0000",
    ),
    "static relocations' link": (
        lambda: static_patched(RELA_SECTION, SH_LINK, 1),
        "RELOC_TABLE",
        "sh_link is 1",
    ),
}


def meta_offset(elf: bytes) -> int:
    offset: int = struct.unpack_from("<I", elf, ELF_HEADER + 2 * 32 + 4)[0]
    return offset


def patched_hash(word: int, value: int) -> bytes:
    """The hash table comes first in the tables."""
    elf = module()
    return patched(elf, meta_offset(elf) + 4 * word, value)


def patched_symbol(word: int, value: int) -> bytes:
    """A symbol that a relocation uses; the symbol table follows a hash of 5 words."""
    elf = with_reloc(Reloc(DATA, R_GLOB_DAT, 1))
    return patched(elf, meta_offset(elf) + 5 * 4 + 16 + 4 * word, value)


def overlapping_tables() -> bytes:
    builder = ModuleBuilder(rela=[Reloc(DATA, R_RELATIVE)])
    table = META + 5 * 4 + 2 * 16
    builder.tags = {DT_JMPREL: table, DT_PLTRELSZ: 12}
    return builder.build()


@pytest.mark.parametrize("defect", DEFECTS)
def test_bad_image_is_refused(host: Host, defect: str) -> None:
    make, error, named = DEFECTS[defect]
    run = host.load(make(), ["f"], "blocks")
    assert run.result("load") == f"HOTRELOAD_ERR_{error}"
    assert named in run.message("load")
    assert run.images == {}


def test_every_image_error_has_its_bad_image() -> None:
    """Those from EMPTY to RELOC_SYMBOL, of which one is of the flash, and that of notes.

    Those of the identity are in test_identity.py.
    """
    header = Path(__file__).parents[1] / "include" / "hotreload.h"
    names = [line.split()[1] for line in header.read_text().splitlines() if "_ERR_BASE +" in line]
    last = names.index("HOTRELOAD_ERR_RELOC_SYMBOL")
    image_errors = [*names[: last + 1], "HOTRELOAD_ERR_NOTE"]
    expected = {f"HOTRELOAD_ERR_{error}" for _, error, _ in DEFECTS.values()}
    assert set(image_errors) == expected | {"HOTRELOAD_ERR_NO_MODULE"}


@pytest.mark.parametrize("dynamic", [True, False])
def test_every_truncation_is_refused(host: Host, dynamic: bool) -> None:
    builder = ModuleBuilder(dynamic=dynamic, rela=[Reloc(DATA, R_GLOB_DAT if dynamic else R_32, 1)])
    elf = builder.build()
    assert host.load(elf).result("load") == "ESP_OK"
    steps = [f"load={host.file(elf[:size])}" for size in range(len(elf))]
    results = host.run("names=f", *steps).results("load")
    assert len(results) == len(elf)
    assert all(result.startswith("HOTRELOAD_ERR_") for result in results)


@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0x80, 0xFF])
@pytest.mark.parametrize("dynamic", [True, False])
def test_no_changed_byte_is_read_out_of_bounds(host: Host, dynamic: bool, value: int) -> None:
    """Loaded or refused, but the sanitizers find nothing."""
    builder = ModuleBuilder(dynamic=dynamic, rela=[Reloc(DATA, R_GLOB_DAT if dynamic else R_32, 1)])
    elf = builder.build()
    steps = []
    for index in range(len(elf)):
        path = host.file(elf[:index] + bytes([value]) + elf[index + 1 :])
        steps.append(f"load={path}")
    # no memory for a segment that claims most of the address space is a fair answer
    results = host.run("names=f", *steps).results("load")
    assert len(results) == len(elf)
    identity = {"HOTRELOAD_ERR_IDENTITY", "HOTRELOAD_ERR_IDENTITY_MISSING"}
    assert set(results) <= {"ESP_OK", "ESP_ERR_NO_MEM"} | identity | {
        f"HOTRELOAD_ERR_{error}" for _, error, _ in DEFECTS.values()
    }


def test_names_in_messages_are_printable(host: Host) -> None:
    symbols = [Symbol("f", TEXT), Symbol('a"\\\x1b[31m\n', 0, SHN_UNDEF)]
    run = host.load(with_reloc(Reloc(DATA, R_GLOB_DAT, 2), symbols=symbols))
    assert 'a"\\?[31m?' in run.message("load")


def test_segment_of_other_flags_is_data(host: Host) -> None:
    run = host.load(with_segment(PT_LOAD, 0x20000000, b"rodata", PF_R | PF_W))
    assert run.result("load") == "ESP_OK"
    assert b"rodata" in run.images.values()


def test_writable_text_is_text(host: Host) -> None:
    run = host.load(module(text_segment={"flags": PF_R | PF_W | PF_X}))
    assert run.images[0x400A0000] == FUNCTION
