"""Reading the dynamic table of a module, whose parts need not be in segments that are loaded.

pyelftools looks for them in PT_LOAD only. The component's linker script puts what the device
does not need at run time into a segment of a type of its own.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile

PT_HOTRELOAD_META = 0x68720001

SHN_UNDEF = 0
SHN_ABS = 0xFFF1
STB_WEAK = 2

DT_PLTRELSZ = 2
DT_HASH = 4
DT_STRTAB = 5
DT_SYMTAB = 6
DT_RELA = 7
DT_RELASZ = 8
DT_JMPREL = 23
DT_INIT_ARRAY = 25
DT_FINI_ARRAY = 26
DT_INIT_ARRAYSZ = 27
DT_FINI_ARRAYSZ = 28

_TAG = struct.Struct("<II")
_RELA = struct.Struct("<IIi")
_SYMBOL = struct.Struct("<IIIBBH")


@dataclass(frozen=True)
class Symbol:
    """An entry of the dynamic symbol table."""

    name: str
    value: int
    section: int
    weak: bool
    size: int = 0
    kind: int = 0  # STT_...


@dataclass(frozen=True)
class Relocation:
    """An entry of a relocation table with the symbol it refers to, if any."""

    place: int
    type: int
    addend: int
    symbol: Symbol | None


class DynamicTable:
    """The dynamic table of an ELF, read by link addresses."""

    def __init__(self, content: bytes) -> None:
        elf = ELFFile(io.BytesIO(content))
        self._bytes = content
        self._ranges = [
            (s["p_vaddr"], s["p_filesz"], s["p_offset"])
            for s in elf.iter_segments()
            if s["p_type"] in ("PT_LOAD", PT_HOTRELOAD_META)
        ]
        segment = next(s for s in elf.iter_segments() if s["p_type"] == "PT_DYNAMIC")
        self._tags = dict(_TAG.iter_unpack(segment.data()))

    def relocations(self) -> Iterator[Relocation]:
        """Everything that a dynamic linker applies, in its order."""
        for table, size in ((DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ)):
            if table not in self._tags:
                continue
            entries = self._read(self._tags[table], self._tags[size])
            for place, info, addend in _RELA.iter_unpack(entries):
                symbol = self.symbol(info >> 8) if info >> 8 else None
                yield Relocation(place, info & 0xFF, addend, symbol)

    def constructors(self) -> range:
        """The link addresses of the words that name what is run, the first one first."""
        return self._words(DT_INIT_ARRAY, DT_INIT_ARRAYSZ)

    def destructors(self) -> range:
        """The same of what is run at the end: the last one first (System V ABI, chapter 5)."""
        return self._words(DT_FINI_ARRAY, DT_FINI_ARRAYSZ)[::-1]

    def _words(self, table: int, size: int) -> range:
        start = self._tags.get(table, 0)
        return range(start, start + self._tags.get(size, 0), 4)

    def symbol(self, index: int) -> Symbol:
        """A symbol by its number."""
        entry = self._read(self._tags[DT_SYMTAB] + index * _SYMBOL.size, _SYMBOL.size)
        name, value, size, info, _, section = _SYMBOL.unpack(entry)
        start = self._offset(self._tags[DT_STRTAB] + name)
        text = self._bytes[start : self._bytes.index(b"\0", start)].decode()
        return Symbol(text, value, section, info >> 4 == STB_WEAK, size, info & 0xF)

    def symbols(self) -> Iterator[Symbol]:
        """All with a name; their number is that of the chains (System V ABI, "Hash Table")."""
        _, count = _TAG.unpack(self._read(self._tags[DT_HASH], _TAG.size))
        yield from (symbol for symbol in map(self.symbol, range(1, count)) if symbol.name)

    def _read(self, link: int, size: int) -> bytes:
        offset = self._offset(link)
        return self._bytes[offset : offset + size]

    def _offset(self, link: int) -> int:
        for start, size, offset in self._ranges:
            if start <= link < start + size:
                return int(link - start + offset)
        raise ValueError(f"link address {link:#x} is in no segment")
