"""Writes small Xtensa modules without a toolchain: good ones, and ones no linker would make.

A `ModuleBuilder` starts as a good module with one function, one word of data and the tables that
the loader needs. A test changes what it is about, by field or by bytes, and calls `build()`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

TEXT, DATA, META = 0x10000000, 0x14000000, 0x18000000  # link addresses

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_SHLIB, PT_PHDR, PT_TLS = range(8)
PT_GNU_STACK, PT_META = 0x6474E551, 0x68720001
PF_X, PF_W, PF_R = 1, 2, 4
SHN_UNDEF, SHN_ABS, SHN_COMMON = 0, 0xFFF1, 0xFFF2
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_TLS, STT_GNU_IFUNC = 0, 1, 2, 3, 6, 10
R_NONE, R_32, R_RTLD, R_GLOB_DAT, R_JMP_SLOT, R_RELATIVE, R_PLT = range(7)
R_SLOT0_OP = 20  # of object files
(DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB) = (0, 1, 2, 4, 5, 6)
(DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT, DT_INIT) = (7, 8, 9, 10, 11, 12)
DT_FINI, DT_REL, DT_PLTREL, DT_JMPREL, DT_RELR = 13, 17, 20, 23, 36
DT_INIT_ARRAY, DT_FINI_ARRAY = 25, 26
DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ, DT_PREINIT_ARRAYSZ = 27, 28, 33

ENTRY_A1_32 = bytes([0x36, 0x41, 0x00])  # entry a1, 32
RETW_N = bytes([0x1D, 0xF0])

IDENTITY = bytes(range(0xA0, 0xB0))  # of the firmware that the host tests stand for
NT_IDENTITY = 1
FUNCTION = ENTRY_A1_32 + RETW_N + bytes(3)

EHDR = struct.Struct("<16sHHIIIIIHHHHHH")
PHDR = struct.Struct("<8I")
SECTION_HEADER_SIZE = 40
SYM = struct.Struct("<IIIBBH")
RELA = struct.Struct("<IIi")


@dataclass
class Symbol:
    name: str
    value: int = 0
    section: int = 1
    bind: int = STB_GLOBAL
    type: int = STT_FUNC
    name_at: int | None = None  # in the string table, where its name comes to lie


@dataclass
class Reloc:
    offset: int
    type: int
    symbol: int = 0  # index; 0 is the null symbol
    addend: int = 0


@dataclass
class Segment:
    type: int
    vaddr: int
    data: bytes
    flags: int
    memsz: int | None = None  # as large as the data
    align: int = 4
    offset: int | None = None  # in the file, where it comes to lie


def note(
    owner: bytes = b"hotreload\0", kind: int = NT_IDENTITY, content: bytes = IDENTITY
) -> bytes:
    """One note; by default the one with the identity of the firmware."""
    header = struct.pack("<III", len(owner), len(content), kind)
    padded = (part + bytes(-len(part) % 4) for part in (owner, content))
    return header + b"".join(padded)


def elf_hash(name: str) -> int:
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value


@dataclass
class ModuleBuilder:
    text: bytes = FUNCTION
    data: bytes = bytes(4)
    bss: int = 0
    symbols: list[Symbol] = field(default_factory=lambda: [Symbol("f", TEXT)])
    rela: list[Reloc] = field(default_factory=list)
    plt: list[Reloc] = field(default_factory=list)
    header: dict[str, int] = field(default_factory=dict)  # by name, over what is right
    ident: dict[int, int] = field(default_factory=dict)  # by index
    tags: dict[int, int | None] = field(default_factory=dict)  # None: the tag is left out
    text_segment: dict[str, int] = field(default_factory=dict)  # fields of the program header
    data_segment: dict[str, int] = field(default_factory=dict)
    dynamic_segment: dict[str, int] = field(default_factory=dict)
    extra_segments: list[Segment] = field(default_factory=list)
    notes: bytes | None = field(default_factory=note)  # None: there is no PT_NOTE
    buckets: list[int] | None = None
    chains: list[int] | None = None
    bucket_count: int | None = None  # half of the symbols
    hash_counts: dict[int, int] = field(default_factory=dict)  # 0: of buckets, 1: of chains
    string_head: bytes = b"\0"
    string_tail: bytes = b"\0"
    more_tags: list[tuple[int, int]] = field(default_factory=list)
    dynamic_end: bool = True  # DT_NULL
    tables_at: int = META  # link address
    sections: int = 0  # headers at the end of the file, of which only their number is of interest

    # tables

    def _strings(self) -> tuple[bytes, list[int]]:
        blob, offsets = bytearray(self.string_head), []
        for symbol in self.symbols:
            offsets.append(len(blob) if symbol.name_at is None else symbol.name_at)
            blob += symbol.name.encode() + b"\0"
        blob[-1:] = self.string_tail
        return bytes(blob), offsets

    def _symbol_table(self, offsets: list[int]) -> bytes:
        rows = [SYM.pack(0, 0, 0, 0, 0, 0)]
        for symbol, name in zip(self.symbols, offsets, strict=True):
            info = symbol.bind << 4 | symbol.type
            rows.append(SYM.pack(name, symbol.value, 0, info, 0, symbol.section))
        return b"".join(rows)

    def _hash_table(self) -> bytes:
        bucket_count = self.bucket_count or max(1, len(self.symbols) // 2)
        buckets = [0] * bucket_count
        chains = [0] * (len(self.symbols) + 1)
        for index, symbol in enumerate(self.symbols, start=1):
            slot = elf_hash(symbol.name) % bucket_count
            chains[index], buckets[slot] = buckets[slot], index
        buckets = self.buckets if self.buckets is not None else buckets
        chains = self.chains if self.chains is not None else chains
        counts = [self.hash_counts.get(i, len(part)) for i, part in enumerate((buckets, chains))]
        words = [*counts, *buckets, *chains]
        return struct.pack(f"<{len(words)}I", *words)

    @staticmethod
    def _relocations(relocs: list[Reloc]) -> bytes:
        return b"".join(RELA.pack(r.offset, r.symbol << 8 | r.type, r.addend) for r in relocs)

    def _segments(self) -> list[Segment]:
        text = Segment(PT_LOAD, TEXT, self.text, PF_R | PF_X)
        data = Segment(PT_LOAD, DATA, self.data, PF_R | PF_W, memsz=len(self.data) + self.bss)
        return [text, data]

    def _note_segments(self) -> list[Segment]:
        """Last, so that the numbers of the segments before do not depend on it."""
        return [] if self.notes is None else [Segment(PT_NOTE, 0, self.notes, PF_R)]

    # the file

    def build(self) -> bytes:
        strings, offsets = self._strings()
        tables = {
            DT_HASH: self._hash_table(),
            DT_SYMTAB: self._symbol_table(offsets),
            DT_RELA: self._relocations(self.rela),
            DT_JMPREL: self._relocations(self.plt),
            DT_STRTAB: strings,
        }
        meta, tags = bytearray(), {}
        for tag, table in tables.items():
            tags[tag] = self.tables_at + len(meta)
            meta += table + bytes(-len(table) % 4)
        tags |= {DT_STRSZ: len(strings), DT_SYMENT: SYM.size, DT_RELAENT: RELA.size}
        tags |= {DT_RELASZ: len(tables[DT_RELA]), DT_PLTRELSZ: len(tables[DT_JMPREL])}
        tags |= {DT_PLTREL: DT_RELA}
        kept = {tag: value for tag, value in (tags | self.tags).items() if value is not None}
        dynamic_at = len(meta)
        end = [(DT_NULL, 0)] if self.dynamic_end else []
        for tag, value in [*kept.items(), *self.more_tags, *end]:
            meta += struct.pack("<II", tag, value)
        dynamic = bytes(meta[dynamic_at:])
        segments = [
            *self._segments(),
            Segment(PT_META, self.tables_at, bytes(meta), PF_R),
            Segment(PT_DYNAMIC, self.tables_at + dynamic_at, dynamic, PF_R),
            *self.extra_segments,
            *self._note_segments(),
        ]
        return self._file(segments)

    def _file(self, segments: list[Segment]) -> bytes:
        size = EHDR.size + PHDR.size * len(segments)
        body = bytearray()
        headers = []
        for index, segment in enumerate(segments):
            body += bytes(-(size + len(body)) % 4)
            values = {
                "type": segment.type,
                "offset": size + len(body) if segment.offset is None else segment.offset,
                "vaddr": segment.vaddr,
                "paddr": segment.vaddr,
                "filesz": len(segment.data),
                "memsz": len(segment.data) if segment.memsz is None else segment.memsz,
                "flags": segment.flags,
                "align": segment.align,
            }
            values |= {0: self.text_segment, 1: self.data_segment}.get(index, {})
            if segment.type == PT_DYNAMIC:
                values |= self.dynamic_segment
            headers.append(PHDR.pack(*values.values()))
            body += segment.data
        body += bytes(-(size + len(body)) % 4)
        section_headers = bytes(SECTION_HEADER_SIZE * self.sections)
        ident = bytearray(b"\x7fELF\x01\x01\x01" + bytes(9))
        for index, value in self.ident.items():
            ident[index] = value
        values = {
            "type": 3,
            "machine": 94,
            "version": 1,
            "entry": 0,
            "phoff": EHDR.size,
            "shoff": size + len(body) if self.sections else 0,
            "flags": 0x300,
            "ehsize": EHDR.size,
            "phentsize": PHDR.size,
            "phnum": len(segments),
            "shentsize": SECTION_HEADER_SIZE,
            "shnum": self.sections,
            "shstrndx": 0,
        } | self.header
        header = EHDR.pack(bytes(ident), *values.values())
        return header + b"".join(headers) + bytes(body) + section_headers


def tables_of_functions(constructors: int, destructors: int) -> dict[str, object]:
    """Fields of a module with so many, each a function of its own behind the first one.

    The table of the constructors is at the start of the data, that of the destructors behind it.
    """
    count = constructors + destructors
    functions = [TEXT + len(FUNCTION) * (1 + index) for index in range(count)]
    tags = {
        DT_INIT_ARRAY: DATA,
        DT_INIT_ARRAYSZ: 4 * constructors,
        DT_FINI_ARRAY: DATA + 4 * constructors,
        DT_FINI_ARRAYSZ: 4 * destructors,
    }
    return {
        "text": FUNCTION * (1 + count),
        "data": struct.pack(f"<{count}I", *functions),
        "rela": [Reloc(DATA + 4 * index, R_RELATIVE) for index in range(count)],
        "tags": tags,
    }
