"""The few facts that the build needs from ELF files (System V ABI, chapter 4).

Read with nothing but `struct`: each build starts these tools twice, and to import a library for
all of ELF takes longer than compiling a module.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .errors import ModuleError

EHDR = struct.Struct("<16sHHIIIIIHHHHHH")  # Elf32_Ehdr
PHDR = struct.Struct("<IIIIIIII")  # Elf32_Phdr
SHDR = struct.Struct("<IIIIIII12x")  # Elf32_Shdr: up to sh_link
SYMBOL = struct.Struct("<IIIBBH")  # Elf32_Sym
MAGIC = b"\x7fELF"
CLASS_32, LITTLE_ENDIAN = 1, 1
EM_XTENSA = 94
PT_LOAD = 1
PT_NOTE = 4
SHT_SYMTAB = 2
SHT_RELA, SHT_HASH, SHT_DYNSYM = 4, 5, 11
SHN_UNDEF = 0
SHN_LORESERVE = 0xFF00
SHN_ABS = 0xFFF1
SHT_NOBITS = 8
SHF_ALLOC, SHF_EXECINSTR, SHF_GROUP = 0x2, 0x4, 0x200
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_FILE, STT_COMMON, STT_TLS = 0, 1, 2, 4, 5, 6
STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STV_DEFAULT, STV_PROTECTED = 0, 3


class Symbol(NamedTuple):
    name: str
    value: int
    size: int
    type: int
    binding: int
    visibility: int
    section: int  # index; SHN_UNDEF, SHN_ABS and others as in the file
    in_group: bool  # section of a COMDAT group: every user of a header has a copy of its own

    @property
    def defined(self) -> bool:
        return self.section != SHN_UNDEF

    @property
    def is_global(self) -> bool:
        return self.binding in (STB_GLOBAL, STB_WEAK)

    @property
    def exported(self) -> bool:
        return self.defined and self.is_global and self.visibility in (STV_DEFAULT, STV_PROTECTED)


class Section(NamedTuple):
    name: str
    address: int
    data: bytes


class Segment(NamedTuple):
    """A part of the file that is loaded."""

    address: int
    offset: int
    file_size: int
    size: int  # in memory


class SectionHeader(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class Image(NamedTuple):
    """A relocatable object, a shared object or an executable."""

    path: Path
    data: bytes
    headers_end: int  # of the program headers
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]
    sections: tuple[Section, ...]  # those that were asked for and are not empty
    headers: tuple[tuple[str, SectionHeader], ...]  # of all sections, with their names

    def code(self, symbol: Symbol, size: int) -> bytes:
        """The first bytes of what `symbol` stands for; fewer if its section ends before."""
        if symbol.section >= len(self.headers):
            return b""
        header = self.headers[symbol.section][1]
        # in an object a value counts from the start of the section
        at = symbol.value - header.address
        if header.type == SHT_NOBITS or not 0 <= at < header.size:
            return b""
        return self.data[header.offset + at : header.offset + min(at + size, header.size)]

    def is_code(self, symbol: Symbol) -> bool:
        """Whether `symbol` is in a section with instructions."""
        within = symbol.section < len(self.headers)
        return within and bool(self.headers[symbol.section][1].flags & SHF_EXECINSTR)


def read_image(path: Path, sections: tuple[str, ...] = ()) -> Image:
    """Read `path`, with the content of its sections whose names start with one of `sections`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModuleError(f"cannot read {path}: {error.strerror}") from error
    try:
        return _read(path, data, sections)
    except (struct.error, IndexError, ValueError) as error:
        raise ModuleError(f"{path} is not a usable ELF file: {error}") from error


def _read(path: Path, data: bytes, wanted: tuple[str, ...]) -> Image:
    if not data.startswith(MAGIC):
        raise ValueError("it does not start like one")
    (ident, _, machine, _, _, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, shstrndx) = (
        EHDR.unpack_from(data)
    )
    if (ident[4], ident[5], machine) != (CLASS_32, LITTLE_ENDIAN, EM_XTENSA):
        raise ModuleError(
            f"{path} is for machine {machine}, {32 * ident[4]} bit: modules can be built for "
            "32-bit Xtensa only"
        )
    headers = [
        SectionHeader(*SHDR.unpack_from(data, shoff + index * shentsize)) for index in range(shnum)
    ]
    names = _content(data, headers[shstrndx]) if headers else b""
    named = tuple((_string(names, header.name) if names else "", header) for header in headers)
    return Image(
        path,
        data,
        phoff + phnum * phentsize,
        tuple(_read_segments(data, phoff, phentsize, phnum)),
        tuple(_read_symbols(data, headers)),
        tuple(
            Section(name, header.address, _content(data, header))
            for name, header in named
            if wanted and header.size and name.startswith(wanted)
        ),
        named,
    )


def _read_segments(data: bytes, start: int, size: int, count: int) -> Iterator[Segment]:
    for index in range(count):
        kind, offset, address, _, file_size, memory_size, _, _ = PHDR.unpack_from(
            data, start + index * size
        )
        if kind == PT_LOAD:
            yield Segment(address, offset, file_size, memory_size)


def _read_symbols(data: bytes, headers: list[SectionHeader]) -> Iterator[Symbol]:
    grouped = [bool(header.flags & SHF_GROUP) for header in headers]
    for table in headers:
        if table.type != SHT_SYMTAB:
            continue
        names = _content(data, headers[table.link])
        for name, value, size, info, other, section in SYMBOL.iter_unpack(_content(data, table)):
            yield Symbol(
                name=_string(names, name),
                value=value,
                size=size,
                type=info & 0xF,
                binding=info >> 4,
                visibility=other & 3,
                section=section,
                in_group=section < SHN_LORESERVE and grouped[section],
            )


def _content(data: bytes, header: SectionHeader) -> bytes:
    end = header.offset + header.size
    if end > len(data):
        raise ValueError("it is shorter than it says")
    return data[header.offset : end]


def _string(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()
