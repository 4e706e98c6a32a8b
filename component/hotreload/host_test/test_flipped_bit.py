"""One flipped bit in an address of a real module: the loader does what a model of it predicts."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import Relocation, RelocationSection
from elftools.elf.sections import SymbolTableSection

from elf_builder import PHDR, PT_META, R_RELATIVE, R_RTLD, RELA, SHN_ABS, SHN_UNDEF
from host import Host
from real_module import link_module

PHDR_AT = 52
VADDR = 8  # in a program header
REACH = 64 * 1024
NUMBER = 16 * 1024 * 1024
EXPORTS = ["f", "g"]

#: ESP32 technical reference manual, "Address Mapping": first addresses, and those behind the last
CHIP = [
    (0x3F400000, 0x3FC00000),  # flash and PSRAM
    (0x3FF00000, 0x3FF82000),  # registers and RTC fast memory
    (0x3FF90000, 0x400C2000),  # ROM and RAM, of data and of instructions
    (0x400D0000, 0x40400000),  # flash
    (0x50000000, 0x50002000),  # RTC slow memory
]


def tables(file: ELFFile) -> list[RelocationSection]:
    """Those that the loader reads: the others are for a linker."""
    sections = file.iter_sections("SHT_RELA")
    return [s for s in sections if isinstance(s, RelocationSection) and s["sh_flags"]]


@dataclass
class Segment:
    link: int
    size: int
    offset: int
    file_size: int
    align: int
    text: bool

    def has(self, link: int, size: int) -> bool:
        return self.link <= link and link + size <= self.link + self.size

    def is_close(self, link: int) -> bool:
        return self.link - REACH < link < self.link + self.size + REACH


class Model:
    """What becomes of a module that is right but for one bit of an address."""

    def __init__(self, elf: bytes) -> None:
        self.elf = elf
        file = ELFFile(io.BytesIO(elf))
        self.segments = [
            Segment(
                header["p_vaddr"],
                header["p_memsz"],
                header["p_offset"],
                header["p_filesz"],
                header["p_align"],
                bool(header["p_flags"] & 1),
            )
            for header in file.iter_segments("PT_LOAD")
        ]
        symbols = file.get_section_by_name(".dynsym")
        assert isinstance(symbols, SymbolTableSection)
        self.symbols = list(symbols.iter_symbols())
        self.relocations: list[Relocation] = [
            entry for table in tables(file) for entry in table.iter_relocations()
        ]
        self.tables = next(s for s in file.iter_segments() if s.header.p_type == PT_META)

    def verdict(self) -> str:
        return (
            self._of_segments()
            or next(filter(None, map(self._of_relocation, self.relocations)), None)
            or next(filter(None, map(self._of_export, EXPORTS)), None)
            or "ESP_OK"
        )

    def _of_segments(self) -> str | None:
        for index, segment in enumerate(self.segments):
            if segment.link + segment.size > 0xFFFFFFFF:
                return "HOTRELOAD_ERR_SEGMENT_BOUNDS"
            if (segment.link - segment.offset) % segment.align or (
                segment.text and segment.link % 4
            ):
                return "HOTRELOAD_ERR_SEGMENT_ALIGN"
            if any(
                segment.link < other.link + other.size and other.link < segment.link + segment.size
                for other in self.segments[:index]
            ):
                return "HOTRELOAD_ERR_SEGMENT_OVERLAP"
        low, size = self.tables["p_vaddr"], self.tables["p_memsz"]
        if any(low < s.link + s.size and s.link < low + size for s in self.segments):
            return "HOTRELOAD_ERR_SEGMENT_OVERLAP"
        return None

    def _in_place(self, link: int) -> int:
        for segment in self.segments:
            if segment.has(link, 4):
                at = link - segment.link
                memory = self.elf[segment.offset :][: segment.file_size] + bytes(4)
                return int.from_bytes(memory[at : at + 4], "little")
        raise ValueError(link)

    def _is_own(self, link: int) -> bool:
        return any(segment.is_close(link) for segment in self.segments)

    def _of_relocation(self, entry: Relocation) -> str | None:
        offset, kind = entry["r_offset"], entry["r_info_type"]
        if kind in (0, R_RTLD):
            return None
        if not any(segment.has(offset, 4) for segment in self.segments):
            return "HOTRELOAD_ERR_RELOC_OFFSET"
        if kind == R_RELATIVE:
            value = (self._in_place(offset) + entry["r_addend"]) % 2**32
            known = self._is_own(value) or exists(value)
        else:
            symbol = self.symbols[entry["r_info_sym"]]
            section = symbol["st_shndx"]
            foreign = section in ("SHN_ABS", "SHN_UNDEF", SHN_ABS, SHN_UNDEF)
            if not foreign and not self._is_own(symbol["st_value"]):
                return "HOTRELOAD_ERR_SYMBOL_VALUE"
            value = (symbol["st_value"] + entry["r_addend"]) % 2**32
            known = exists(value) if foreign else self._is_own(value)
        return None if known else "HOTRELOAD_ERR_RELOC_VALUE"

    def _of_export(self, name: str) -> str | None:
        (link,) = (s["st_value"] for s in self.symbols if s.name == name)
        inside = any(s.text and s.has(link, 3) for s in self.segments)
        if not inside or link % 4:
            return "HOTRELOAD_ERR_ENTRY"
        at = next(s.offset + link - s.link for s in self.segments if s.text)
        return None if self.elf[at] == 0x36 else "HOTRELOAD_ERR_ENTRY"


def exists(address: int) -> bool:
    return any(low <= address <= high for low, high in CHIP) or (
        address < NUMBER or address >= 2**32 - NUMBER
    )


def addresses(elf: bytes) -> Iterator[int]:
    """Where in the file an address is: those of text and data, and what relocations name."""
    model = Model(elf)
    for index in range(struct.unpack_from("<H", elf, 44)[0]):
        at = PHDR_AT + index * PHDR.size
        if struct.unpack_from("<I", elf, at)[0] == 1:
            yield at + VADDR
    for table in tables(ELFFile(io.BytesIO(elf))):
        for index in range(table.num_relocations()):
            yield table["sh_offset"] + RELA.size * index  # r_offset
            yield table["sh_offset"] + RELA.size * index + 8  # r_addend
    for entry in model.relocations:
        for segment in model.segments:
            at = entry["r_offset"] - segment.link
            if entry["r_info_type"] == R_RELATIVE and 0 <= at <= segment.file_size - 4:
                yield segment.offset + at


def flipped(elf: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(elf)
    changed[at + bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("module")
    return link_module(folder, "-Os", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv", own_script=True)


def test_each_bit_of_an_address(host: Host, module: bytes) -> None:
    every = [(at, bit) for at in addresses(module) for bit in range(32)]
    bits = every[: 2 * 32] + every[2 * 32 :: 5]  # those of the segments, and enough of the others
    variants = [module, *(flipped(module, at, bit) for at, bit in bits)]
    steps = [f"load={host.file(elf)}" for elf in variants]

    done = host.run(f"names={','.join(EXPORTS)}", *steps).results("load")

    expected = [Model(elf).verdict() for elf in variants]
    cases = ["unchanged", *(f"bit {bit} at {at:#x}" for at, bit in bits)]
    wrong = [
        f"{case}: {result}, not {prediction}"
        for case, result, prediction in zip(cases, done, expected, strict=True)
        if result != prediction
    ]
    assert wrong == []
    assert expected[0] == "ESP_OK"
    assert expected.count("HOTRELOAD_ERR_RELOC_VALUE") > 50
