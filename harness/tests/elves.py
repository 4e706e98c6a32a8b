"""ELF files for the tests of the oracle, written byte by byte and without a toolchain."""

import struct
from dataclasses import dataclass, field

EM_XTENSA = 94
PT_LOAD, PT_DYNAMIC, PT_META = 1, 2, 0x68720001
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
SHF_WRITE, SHF_ALLOC = 1, 2
GLOBAL, WEAK = 1, 2
NOTYPE = 0


@dataclass
class Load:
    """One segment to load."""

    link: int
    data: bytes
    size: int = 0
    executable: bool = False
    align: int = 4

    @property
    def memory_size(self) -> int:
        return max(self.size, len(self.data))


@dataclass
class Sym:
    """One symbol."""

    name: str
    value: int = 0
    section: int = 1
    bind: int = GLOBAL
    kind: int = NOTYPE

    def pack(self, name: int) -> bytes:
        return struct.pack(
            "<IIIBBH", name, self.value, 0, self.bind << 4 | self.kind, 0, self.section
        )


@dataclass
class Rela:
    """One relocation; symbol 0 is none."""

    place: int
    type: int
    symbol: int = 0
    addend: int = 0

    def pack(self) -> bytes:
        return struct.pack("<IIi", self.place, self.symbol << 8 | self.type, self.addend)


@dataclass
class Section:
    """A part of a segment by its name."""

    name: str
    link: int
    size: int
    flags: int


@dataclass
class Elf:
    """A shared object."""

    loads: list[Load]
    symbols: list[Sym] = field(default_factory=list)
    rela: list[Rela] = field(default_factory=list)
    plt: list[Rela] = field(default_factory=list)
    tags: list[tuple[int, int]] = field(default_factory=list)  # further ones
    #: of the file with symbols
    sections: list[Section] = field(default_factory=list)

    def build(self) -> bytes:
        """Without sections; all parts of the dynamic table are in a segment that is not loaded."""
        return self._file([])

    def unstripped(self) -> bytes:
        """With the symbols in sections too, for tools that explain addresses."""
        names, symbols = self._symbol_tables()
        # name, type, data, link, entry size
        return self._file([(".symtab", 2, symbols, 2, 16), (".strtab", 3, names, 0, 0)])

    def _file(self, sections: list[tuple[str, int, bytes, int, int]]) -> bytes:
        base = 0x20000000
        names, symbols = self._symbol_tables()
        rela = b"".join(r.pack() for r in self.rela)
        plt = b"".join(r.pack() for r in self.plt)
        meta, at = b"", {}
        for name, part in (("sym", symbols), ("str", names), ("rela", rela), ("plt", plt)):
            at[name] = base + len(meta)
            meta += part + b"\0" * (-len(part) % 4)
        tags = [(5, at["str"]), (6, at["sym"]), (10, len(names)), (11, 16)]
        tags += [(7, at["rela"]), (8, len(rela)), (9, 12)] if rela else []
        tags += [(23, at["plt"]), (2, len(plt)), (20, 7)] if plt else []
        tags += self.tags
        at_dynamic = base + len(meta)
        table = b"".join(struct.pack("<II", *tag) for tag in [*tags, (0, 0)])
        segments = [*self._segments(), (PT_META, base, meta + table, len(meta + table), 4, 4)]
        loaded = self.sections if sections else []
        return _write(segments, sections, loaded, dynamic=(at_dynamic, base, len(table)))

    def _segments(self) -> list[tuple[int, int, bytes, int, int, int]]:
        return [
            (PT_LOAD, s.link, s.data, s.memory_size, 5 if s.executable else 6, s.align)
            for s in self.loads
        ]

    def _symbol_tables(self) -> tuple[bytes, bytes]:
        names, symbols = b"\0", bytes(16)
        for symbol in self.symbols:
            symbols += symbol.pack(len(names))
            names += symbol.name.encode() + b"\0"
        return names, symbols


def _write(
    segments: list[tuple[int, int, bytes, int, int, int]],
    sections: list[tuple[str, int, bytes, int, int]],
    loaded: list[Section],
    dynamic: tuple[int, int, int],
) -> bytes:
    count = len(segments) + 1
    body = b""
    start = 52 + 32 * count
    headers, offsets = [], {}
    for kind, link, data, size, flags, align in segments:
        offsets[link] = start + len(body)
        headers.append((kind, offsets[link], link, link, len(data), size, flags, align))
        body += data + b"\0" * (-len(data) % 4)
    address, base, size = dynamic
    offset = offsets[base] + address - base
    headers.append((PT_DYNAMIC, offset, address, address, size, size, 6, 4))
    body, section_headers = _write_sections(sections, loaded, body, start)
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = ident + struct.pack(
        "<HHIIIIIHHHHHH",
        *(3, EM_XTENSA, 1, 0, 52, start + len(body) if sections else 0, 0),
        *(52, 32, count, 40, len(section_headers), max(len(section_headers) - 1, 0)),
    )
    programs = b"".join(struct.pack("<8I", *h) for h in headers)
    return header + programs + body + b"".join(struct.pack("<10I", *h) for h in section_headers)


def _write_sections(
    sections: list[tuple[str, int, bytes, int, int]],
    loaded: list[Section],
    body: bytes,
    start: int,
) -> tuple[bytes, list[tuple[int, ...]]]:
    if not sections:
        return body, []
    names = b"\0"
    headers: list[tuple[int, ...]] = [(0,) * 10]
    for name, kind, data, link, entry in sections:
        place = start + len(body)
        headers.append((len(names), kind, 0, 0, place, len(data), link, 0, 4, entry))
        names += name.encode() + b"\0"
        body += data + b"\0" * (-len(data) % 4)
    for section in loaded:
        offset, size = start, section.size
        headers.append((len(names), 1, section.flags, section.link, offset, size, 0, 0, 1, 0))
        names += section.name.encode() + b"\0"
    names += b".shstrtab\0"
    headers.append((len(names) - 10, 3, 0, 0, start + len(body), len(names), 0, 0, 1, 0))
    return body + names + b"\0" * (-len(names) % 4), headers
