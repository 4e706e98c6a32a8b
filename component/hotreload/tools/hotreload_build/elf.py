"""The few facts that the build needs from ELF files (System V ABI, chapter 4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from .errors import ModuleError

SYMBOL = struct.Struct("<IIIBBH")  # Elf32_Sym
SHN_UNDEF = 0
SHN_LORESERVE = 0xFF00
SHF_GROUP = 0x200
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_COMMON, STT_TLS = 0, 1, 2, 5, 6
STB_GLOBAL, STB_WEAK = 1, 2
STV_DEFAULT, STV_PROTECTED = 0, 3
EM_XTENSA = 94


@dataclass(frozen=True)
class Symbol:
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


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    data: bytes


@dataclass(frozen=True)
class Image:
    """A relocatable object, a shared object or an executable."""

    path: Path
    symbols: tuple[Symbol, ...]
    sections: tuple[Section, ...]  # those that were asked for and are not empty


def read_image(path: Path, sections: tuple[str, ...] = ()) -> Image:
    """Read the symbols of `path`, and its sections with names that start with one of `sections`."""
    try:
        with path.open("rb") as file:
            return _read_open_image(path, file, sections)
    except OSError as error:
        raise ModuleError(f"cannot read {path}: {error.strerror}") from error
    except (ELFError, struct.error, UnicodeDecodeError) as error:
        raise ModuleError(f"{path} is not a usable ELF file: {error}") from error


def _read_open_image(path: Path, file: BinaryIO, sections: tuple[str, ...]) -> Image:
    elf = ELFFile(file)
    if not elf.little_endian or elf.elfclass != 32 or elf.header["e_machine"] != "EM_XTENSA":
        raise ModuleError(
            f"{path} is for {elf.get_machine_arch()}, {elf.elfclass} bit: "
            "modules can be built for 32-bit Xtensa only"
        )
    grouped = [bool(section["sh_flags"] & SHF_GROUP) for section in elf.iter_sections()]
    wanted = tuple(
        Section(section.name, section["sh_addr"], section.data())
        for section in elf.iter_sections()
        if sections and section.name.startswith(sections) and section["sh_size"]
    )
    return Image(path, tuple(_read_symbols(elf, grouped)), wanted)


def _read_symbols(elf: ELFFile, grouped: list[bool]) -> Iterator[Symbol]:
    # a firmware has tens of thousands of symbols: unpacking the table whole takes a tenth of the
    # time that pyelftools' symbol by symbol parser takes
    table = elf.get_section_by_name(".symtab")
    if table is None:
        return
    names = elf.get_section(table["sh_link"]).data()
    for name, value, size, info, other, section in SYMBOL.iter_unpack(table.data()):
        yield Symbol(
            name=names[name : names.index(b"\0", name)].decode(),
            value=value,
            size=size,
            type=info & 0xF,
            binding=info >> 4,
            visibility=other & 3,
            section=section,
            in_group=section < SHN_LORESERVE and grouped[section],
        )
