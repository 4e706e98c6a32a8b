"""What the fuzzers start from: real modules, the corpus of bad ones, and good ones in between."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

from bad_images import bad_images
from elf_builder import (
    DATA,
    R_32,
    R_GLOB_DAT,
    R_JMP_SLOT,
    R_NONE,
    R_PLT,
    R_RELATIVE,
    R_RTLD,
    RELA,
    SHN_ABS,
    SHN_UNDEF,
    STB_WEAK,
    STT_SECTION,
    SYM,
    TEXT,
    ModuleBuilder,
    Reloc,
    Symbol,
)
from real_module import link_module

FUNCTIONS = [Symbol("f", TEXT), Symbol("g", TEXT)]
SYMBOLS = [
    *FUNCTIONS,
    Symbol("object", DATA + 4, 2),
    Symbol("firmware", 0x40081234, SHN_ABS),
    Symbol("absent", 0, SHN_UNDEF, STB_WEAK),
    Symbol("", DATA, 2, type=STT_SECTION),
]
TYPES = (R_NONE, R_32, R_RTLD, R_GLOB_DAT, R_JMP_SLOT, R_PLT)
INPUT = struct.Struct("<BBHHHHH")  # fuzz_relocations.c: input_t


def relocations() -> list[Reloc]:
    """Each type against each symbol, also where no word is."""
    against_symbols = [
        Reloc(place, kind, symbol, addend=4)
        for place in (TEXT + 8, DATA, DATA + 5)
        for kind in TYPES
        for symbol in range(1, len(SYMBOLS) + 1)
    ]
    relative = [Reloc(TEXT + 12, R_RELATIVE), Reloc(DATA + 2, R_RELATIVE, addend=-4)]
    return against_symbols + relative


def good_modules() -> Iterator[bytes]:
    for sections in (0, 3):
        yield ModuleBuilder(symbols=FUNCTIONS, sections=sections).build()
        yield ModuleBuilder(
            symbols=SYMBOLS, sections=sections, data=bytes(12), bss=5, rela=relocations()
        ).build()


def real_modules(folder: Path) -> Iterator[bytes]:
    for own_script in (True, False):
        for level in ("-Os", "-O0"):
            options = (level, "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv", "-Wl,--strip-debug")
            yield link_module(folder, *options, own_script=own_script)


def relocation_input(
    symbols: bytes,
    sections: int,
    tables: tuple[bytes, bytes],
    text: bytes,
    data: bytes,
    bss: int = 0,
) -> bytes:
    counts = [len(table) // RELA.size for table in tables]
    head = INPUT.pack(len(symbols) // SYM.size, sections, *counts, len(text) // 4, len(data), bss)
    return head + symbols + b"".join(tables) + text + data


def made_relocations() -> Iterator[bytes]:
    words = struct.pack("<6I", TEXT, DATA, DATA - 4, TEXT + 0x10000, 0x40081234, 0)
    rows = [SYM.pack(0, 0, 0, 0, 0, 0)]
    rows += [SYM.pack(1, s.value, 0, s.bind << 4 | s.type, 0, s.section) for s in SYMBOLS]
    packed = [RELA.pack(r.offset, r.symbol << 8 | r.type, r.addend) for r in relocations()]
    half = len(packed) // 2
    tables = (b"".join(packed[:half]), b"".join(packed[half:]))
    for sections in (0, 3):
        yield relocation_input(b"".join(rows), sections, tables, words, words, bss=7)
    for one in packed[:: len(packed) // 16]:
        yield relocation_input(b"".join(rows), 0, (one, b""), words, words[:10])


def real_relocations(elf: bytes) -> Iterator[bytes]:
    """The dynamic tables of a module that the component's linker script has laid out."""
    file = ELFFile(io.BytesIO(elf))
    text, data = (s.data() for s in file.iter_segments("PT_LOAD"))
    tables = [section.data() for section in file.iter_sections("SHT_RELA") if section["sh_flags"]]
    (symbols,) = (s.data()[: 255 * SYM.size] for s in file.iter_sections("SHT_DYNSYM"))
    for table in tables:
        yield relocation_input(symbols, 0, (table, b""), text, data, bss=400)


def write_seeds(target: str, into: Path, work: Path) -> int:
    """Write the seeds of a fuzzer, each named by its content; answers how many there are."""
    real = list(real_modules(work))
    if target == "fuzz_image":
        seeds = [bad.elf for bad in bad_images().values()] + [*good_modules(), *real]
    else:
        seeds = [*made_relocations(), *real_relocations(real[0]), *real_relocations(real[1])]
    for seed in seeds:
        (into / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    return len(seeds)
