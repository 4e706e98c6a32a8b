"""Functions and variables of a module without what depends on where the linker has put them.

A call, a literal and a pointer are what they lead to by its name, a text by its letters: a function
that has only moved stays what it was. Instructions are found by following them from the first one
on, as compilers put tables and padding among them.
"""

from __future__ import annotations

import bisect
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from hotreload_build.elf import STB_LOCAL, STT_FILE, STT_FUNC, STT_OBJECT, Image, read_image
from hotreload_build.image import mark_metadata
from pytest_embedded_hotreload.cli.elf.reading import usable
from pytest_embedded_hotreload.cli.elf.xtensa import NOP, Instruction, decode
from pytest_embedded_hotreload.cli.errors import CommandError
from pytest_embedded_hotreload.dynamic import SHN_ABS, DynamicTable

WORD = struct.Struct("<I")
R_XTENSA_RELATIVE = 5
#: behind the name of a variable in a function, or of a copy of one
NUMBER = re.compile(r"[.$]\d+$")
#: of data without a name as much is compared, in bytes
LONGEST = 256


@dataclass(frozen=True)
class Item:
    """A function or variable; `content` is equal for equal ones."""

    name: str  # as the linker has it
    source: str  # its file, when others may have one of the same name
    size: int  # bytes
    content: tuple[object, ...]
    value: bytes  # the initial value of a variable


Key = tuple[str, str]  # name and source: those of one are numbered anew by each compilation
Group = dict[Key, list[Item]]


@dataclass(frozen=True)
class Items:
    """All of a module."""

    functions: Group
    variables: Group


def read_items(path: Path) -> Items:
    """Read a module that has its symbols."""
    image = read_image(path)
    if not image.symbols:
        raise CommandError(f"{path} has no symbols: name the module as it was linked")
    with usable(path):
        linked = Linked(image)
        return Items(linked.items(STT_FUNC), linked.items(STT_OBJECT))


class Linked:
    """A module as the linker has left it."""

    def __init__(self, image: Image) -> None:
        content = mark_metadata(image.data)
        self._segments = [
            (segment["p_vaddr"], segment.data().ljust(segment["p_memsz"], b"\0"))
            for segment in ELFFile(io.BytesIO(content)).iter_segments()
            if segment["p_type"] == "PT_LOAD"
        ]
        self._relocations = {entry.place: entry for entry in DynamicTable(content).relocations()}
        self._named: list[tuple[int, int, Key, int]] = []
        self._imports: dict[int, str] = {}
        self._collect(image)
        self._boundaries = sorted({at for at, *_ in self._named} | set(self._targets()))

    def items(self, kind: int) -> Group:
        """The functions, or the variables."""
        group: Group = {}
        for at, size, key, found in self._named:
            if found == kind:
                content = self._code(at, size) if kind == STT_FUNC else self._data(at, size)
                value = b"" if kind == STT_FUNC else self._bytes(at, size)
                group.setdefault(key, []).append(Item(*key, size, tuple(content), value))
        return group

    def _collect(self, image: Image) -> None:
        source = ""
        for symbol in image.symbols:
            if symbol.type == STT_FILE:
                source = symbol.name
            elif symbol.section == SHN_ABS:
                self._imports.setdefault(symbol.value, symbol.name)
            elif symbol.type in (STT_FUNC, STT_OBJECT) and symbol.defined and symbol.size:
                name = NUMBER.sub("", symbol.name)
                key = name, source if symbol.binding == STB_LOCAL else ""
                self._named.append((symbol.value, symbol.size, key, symbol.type))
        self._named.sort()

    def _targets(self) -> Iterator[int]:
        for entry in self._relocations.values():
            if entry.type == R_XTENSA_RELATIVE:
                yield self._word(entry.place) + entry.addend

    def _code(self, start: int, size: int) -> Iterator[object]:
        """Instructions with what they lead to; and what lies between them."""
        code = self._bytes(start, size)
        found, tables = self._followed(code, start)
        places = [at for at in sorted(found) if found[at].form != NOP]

        def place(target: int) -> object:
            """A place in the function by the number of its instruction, another one by its name."""
            if start <= target < start + size:
                return bisect.bisect_left(places, target - start)
            return self._name(target)

        end = 0
        for at in places:
            instruction = found[at]
            yield from filter(None, (self._between(code, end, at, tables),))
            end = at + instruction.length
            target = instruction.target
            if target is None:
                yield instruction.form
            elif instruction.kind == "l32r":
                cases = tuple(map(place, tables[target])) if target in tables else ()
                yield instruction.form, cases or self._pointed(target)
            else:
                yield instruction.form, place(target)
        yield self._between(code, end, size, tables)

    def _between(self, code: bytes, start: int, end: int, tables: dict[int, list[int]]) -> bytes:
        """What is no instruction, if it is neither padding nor a table, which has been told."""
        return b"" if tables else code[start:end].strip(b"\0")

    def _followed(
        self, code: bytes, start: int
    ) -> tuple[dict[int, Instruction], dict[int, list[int]]]:
        """The instructions of a function by their offsets, and its tables by their literals."""
        found: dict[int, Instruction] = {}
        tables: dict[int, list[int]] = {}
        places = [0]
        while places:
            at = places.pop()
            while 0 <= at < len(code) and at not in found:
                instruction = decode(code[at : at + 3], start + at)
                if instruction is None:
                    break
                found[at] = instruction
                if instruction.kind in ("branch", "j") and instruction.target is not None:
                    places.append(instruction.target - start)
                if instruction.kind == "l32r" and instruction.target is not None:
                    cases = list(self._cases(instruction.target, start, len(code)))
                    if cases:
                        tables[instruction.target] = cases
                        places += (case - start for case in cases)
                if instruction.ends:
                    break
                at += instruction.length
        return found, tables

    def _cases(self, literal: int, start: int, size: int) -> Iterator[int]:
        """Where in its function a `switch` may lead to whose table a literal names."""
        if literal not in self._relocations or self._relocations[literal].symbol is not None:
            return
        table = self._word(literal) + self._relocations[literal].addend
        if start < table < start + size:  # distances from the table, which lies among the code
            first = start + size
            for at in range(table, start + size, WORD.size):
                target = table + self._word(at) & 0xFFFFFFFF
                if at >= first or not table < target < start + size:
                    break
                first = min(first, target)
                yield target
        while table in self._relocations:  # addresses, which lie among the data
            yield self._word(table) + self._relocations[table].addend
            table += WORD.size

    def _data(self, start: int, size: int) -> Iterator[object]:
        """Bytes, with names in the place of addresses."""
        plain = start
        for place in range(start, start + size):
            if place in self._relocations:
                yield self._bytes(plain, place - plain)
                yield self._pointed(place)
                plain = place + WORD.size
        yield self._bytes(plain, start + size - plain)

    def _pointed(self, place: int) -> object:
        """What the word at a place is once it is relocated."""
        relocation = self._relocations.get(place)
        value = self._word(place)
        if relocation is None:
            return self._imports.get(value, value)
        if relocation.symbol is not None:
            return relocation.symbol.name, relocation.addend
        return self._name(value + relocation.addend & 0xFFFFFFFF)

    def _name(self, address: int) -> object:
        """What is at an address: a name and a distance, or what is there if it has no name."""
        last = bisect.bisect_right(self._named, address, key=lambda entry: entry[0]) - 1
        if last >= 0:
            at, size, key, _ = self._named[last]
            if address < at + size:
                return key, address - at
        if not any(start <= address < start + len(data) for start, data in self._segments):
            return self._imports.get(address, address)
        return self._unnamed(address)

    def _unnamed(self, address: int) -> object:
        """A text, a table of addresses as `switch` makes it, or bytes up to what comes next."""
        if address in self._relocations:
            table: list[object] = []
            while address in self._relocations and len(table) < LONGEST:
                table.append(self._place(address))
                address += WORD.size
            return tuple(table)
        data = self._bytes(address, LONGEST)
        text, end, _ = data.partition(b"\0")
        if end and text and all(byte >= 0x20 or byte in b"\t\n\r\x1b" for byte in text):
            return text
        following = bisect.bisect_right(self._boundaries, address)
        known = following < len(self._boundaries)
        limit = self._boundaries[following] - address if known else LONGEST
        return data[:limit].rstrip(b"\0")

    def _place(self, at: int) -> object:
        """An entry of a table, as a place in a function."""
        address = self._word(at) + self._relocations[at].addend
        last = bisect.bisect_right(self._named, address, key=lambda entry: entry[0]) - 1
        return (self._named[last][2], address - self._named[last][0]) if last >= 0 else 0

    def _word(self, place: int) -> int:
        return int(WORD.unpack(self._bytes(place, WORD.size))[0])

    def _bytes(self, address: int, size: int) -> bytes:
        for start, data in self._segments:
            if start <= address < start + len(data):
                return data[address - start : address - start + size]
        raise ValueError(f"nothing is loaded to {address:#x}")
