"""Every field of every structure of a real module, and values that put a loader to the test.

For each field these are 0, 1 and -1, its neighbours, what is just inside and just outside of what
it counts or points into, and all that the specification gives a name.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from elf_layout import DYN, EHDR, NOTE, PHDR, RELA, SHDR, SYM, WORD, Layout
from module_rules import (
    DT_DEFINED,
    DT_FINI_ARRAY,
    DT_FINI_ARRAYSZ,
    DT_HASH,
    DT_INIT_ARRAY,
    DT_INIT_ARRAYSZ,
    DT_JMPREL,
    DT_PLTRELSZ,
    DT_RELA,
    DT_RELASZ,
    DT_STRTAB,
    DT_SYMTAB,
    MASK,
    PT_DYNAMIC,
    PT_LOAD,
    PT_META,
    PT_NOTE,
    REACH,
    Firmware,
    Module,
    Verdict,
    judge,
)

#: of a byte of a string or of code
BYTES = (0, 1, 0x36, 0x7F, 0x80, 0xFF)
#: nobody reads them, and all of section headers: a few values are enough
UNREAD = ("EI_PAD", "e_entry", "p_paddr", "st_size", "st_other", "sh_")


@dataclass(frozen=True)
class Place:
    """One field of a module."""

    structure: str
    number: int  # of those of its kind
    field: str
    at: int  # in the file
    size: int  # bytes


@dataclass(frozen=True)
class Change:
    """A module that differs from a good one in one field, or in its length."""

    field: str  # of which structure, whichever of its kind
    name: str
    at: int
    new: bytes
    size: int  # of the file

    def apply(self, elf: bytes) -> bytes:
        data = bytearray(elf.ljust(self.size, b"\0"))
        data[self.at : self.at + len(self.new)] = self.new
        return bytes(data[: self.size])


def places(module: Module) -> Iterator[Place]:
    """The fields of a module that is good."""
    data, header, tags = module.data, module.header, module.tags

    def fields(name: str, layout: Layout, at: int, count: int = 1) -> Iterator[Place]:
        for index in range(count):
            for field in layout.fields:
                start = at + index * layout.size + field.at
                yield Place(name, index, field.name, start, field.size)

    def table(name: str, layout: Layout, tag: int, size: int) -> Iterator[Place]:
        if size:
            at = module.at(tags[tag], size, "")
            yield from fields(name, layout, at, size // layout.size)

    yield from fields("ELF header", EHDR, 0)
    yield from fields("program header", PHDR, header["e_phoff"], header["e_phnum"])
    if header["e_shnum"]:
        yield from fields("section header", SHDR, header["e_shoff"], header["e_shnum"])
    for values in module.program_headers:
        at, end = values["p_offset"], values["p_offset"] + values["p_filesz"]
        if values["p_type"] == PT_DYNAMIC:
            yield from fields("dynamic entry", DYN, at, len(tags) + 1)
        while values["p_type"] == PT_NOTE and at < end:
            note = NOTE.read(data, at)
            size = NOTE.size + (note["n_namesz"] + 3 & ~3) + (note["n_descsz"] + 3 & ~3)
            yield from fields("note", NOTE, at)
            words = (size - NOTE.size) // WORD.size
            yield from fields("note content", WORD, at + NOTE.size, words)
            at += size
    # its counts; a chain that a loader does not need, because it finds its symbols without, may be
    # wrong
    yield from table("hash word", WORD, DT_HASH, 2 * WORD.size)
    yield from table("symbol", SYM, DT_SYMTAB, SYM.size * len(module.symbols))
    yield from table("relocation", RELA, DT_RELA, tags.get(DT_RELASZ, 0))
    yield from table("relocation of the PLT", RELA, DT_JMPREL, tags.get(DT_PLTRELSZ, 0))
    yield from table("constructor", WORD, DT_INIT_ARRAY, tags.get(DT_INIT_ARRAYSZ, 0))
    yield from table("destructor", WORD, DT_FINI_ARRAY, tags.get(DT_FINI_ARRAYSZ, 0))
    strings = module.at(tags[DT_STRTAB], len(module.strings), "")
    for index in range(len(module.strings)):
        yield Place("string table", index, "byte", strings + index, 1)
    for link in module.links.values():
        segment = module.segment_of(link, 3)
        assert segment
        for index in range(3):
            at = segment.offset + link - segment.link + index
            yield Place("function", index, "byte", at, 1)


def around(values: set[int], step: int = 1) -> set[int]:
    return {value + way for value in values for way in (-step, 0, step)}


def landmarks(module: Module, firmware: Firmware) -> set[int]:
    """Link addresses, sizes and numbers at which something of the module begins or ends."""
    edges = set()
    for values in module.program_headers:
        start, size, at = values["p_vaddr"], values["p_memsz"], values["p_offset"]
        edges |= {start, start + size, at, at + values["p_filesz"], size, values["p_filesz"]}
        if values["p_type"] in (PT_LOAD, PT_META):
            edges |= {start - REACH, start + size + REACH, start - 4, start + size - 4}
            edges |= {len(module.data) - values["p_filesz"], MASK + 1 - size}
            edges |= {start + values["p_filesz"] - 4, start + values["p_filesz"]}
    edges |= {edge for place in firmware.places for edge in place}
    counts = {len(module.symbols), len(module.buckets), len(module.strings)}
    counts |= {module.header["e_shnum"], module.header["e_phnum"], len(module.data)}
    places = {relocation["r_offset"] for relocation in module.relocations}
    return edges | counts | places | {symbol["st_value"] for symbol in module.symbols}


def added_to(place: Place, module: Module) -> int:
    """What a relocation adds its addend to."""
    relocation = RELA.read(module.data, place.at - RELA.size + place.size)
    number = relocation["r_info"] >> 8
    if number:
        return module.symbols[number]["st_value"]
    return module.in_place(relocation["r_offset"]) if relocation["r_offset"] else 0


def values_of(place: Place, old: int, module: Module, marks: set[int]) -> set[int]:
    """What the field is set to, modulo its size."""
    if place.field == "byte":
        return set(BYTES)
    limit = 1 << 8 * place.size
    if place.field.startswith(UNREAD):
        return {0, 1, limit - 1, (old + 1) % limit, (old - 1) % limit} - {old}
    values = {0, 1, 2, 3, 4, 7, 8, limit - 1, limit - 2, limit // 2, limit // 2 - 1}
    values |= around({old}) | around({old}, 4) | around({old}, 0x100) | {2 * old}
    values |= {old ^ 1 << bit for bit in range(8 * place.size)}
    if place.field in ("p_type", "d_tag", "n_type"):
        values |= {*range(DT_DEFINED + 2), *around({0x60000000, 0x6FFFFFFF, PT_META}), 0x70000000}
    if place.field in ("st_info", "st_shndx", "e_phnum", "e_shnum", "p_align", "p_flags"):
        values |= {0xFF00, 0xFFF1, 0xFFF2, *range(16), *(1 << bit for bit in range(32))}
    if place.field == "r_info":
        number, kind = old >> 8, old & 0xFF
        values |= {number << 8 | other for other in (*range(10), 20, 50, 51)}
        values |= {other << 8 | kind for other in range(len(module.symbols) + 2)}
    if place.field == "r_addend":
        return {edge - added_to(place, module) & MASK for edge in around(marks)} - {old}
    if place.size == 4 and "EI" not in place.field:
        values |= around(marks) | {edge - old for edge in marks}
    return {value % limit for value in values} - {old}


def changes(elf: bytes, firmware: Firmware) -> list[Change]:
    """All modules that differ from a good one in one field; the same for the same module."""
    verdict: Verdict = judge(elf, firmware)
    assert verdict.module, verdict.error
    module = verdict.module
    marks = landmarks(module, firmware)
    found = []
    for place in places(module):
        old = int.from_bytes(elf[place.at : place.at + place.size], "little")
        for value in sorted(values_of(place, old, module, marks)):
            new = value.to_bytes(place.size, "little")
            name = f"{place.structure} {place.number} {place.field}: {old:#x} -> {value:#x}"
            field = f"{place.structure} {place.field}"
            found.append(Change(field, name, place.at, new, len(elf)))
    for size in {*range(len(elf) + 5)} - {len(elf)}:
        found.append(Change("file", f"file: {len(elf)} -> {size} bytes", 0, b"", size))
    return found


def sample(found: list[Change], count: int, dice: random.Random) -> list[Change]:
    """About so many, of each field of each kind; of one with a hundred times the values ten times
    as many."""
    by_field = defaultdict(list)
    for change in found:
        by_field[change.field].append(change)
    share = count / sum(math.sqrt(len(group)) for group in by_field.values())
    taken: list[Change] = []
    for group in by_field.values():
        taken += dice.sample(group, min(len(group), math.ceil(share * math.sqrt(len(group)))))
    return taken
