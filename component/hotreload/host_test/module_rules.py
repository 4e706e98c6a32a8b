"""What a loader has to make of a module: the error that refuses it, or each byte that it loads.

Written from the System V ABI, from Xtensa's relocations as GNU ld makes use of them, and from the
component's README, which says what is refused, with which error, and what is looked at first. It
shares no line with the loader. `judge()` is all that a test needs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from elf_layout import DYN, EHDR, NOTE, PHDR, RELA, SHDR, SYM

Values = dict[str, int]

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_PHDR = 0, 1, 2, 4, 6
PT_LOOS, PT_HIOS, PT_META = 0x60000000, 0x6FFFFFFF, 0x68720001
PF_X, PF_KNOWN = 1, 0x0FF00007  # PF_R, PF_W, PF_X, and PF_MASKOS
EF_KNOWN = 0x300
PN_XNUM = 0xFFFF
SHN_UNDEF, SHN_LORESERVE, SHN_ABS = 0, 0xFF00, 0xFFF1
STB_LOCAL, STB_WEAK, STT_SECTION = 0, 2, 3
SEGMENTS_MAX, FUNCTIONS_MAX, ALIGN_MAX = 8, 256, 4096
REACH = 64 * 1024  # what is closer to a segment belongs to it
MASK = 0xFFFFFFFF

DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB = 0, 1, 2, 4, 5, 6
DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT, DT_INIT = 7, 8, 9, 10, 11, 12
DT_FINI, DT_REL, DT_PLTREL, DT_JMPREL, DT_RELR = 13, 17, 20, 23, 36
DT_INIT_ARRAY, DT_FINI_ARRAY, DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ = 25, 26, 27, 28
DT_PREINIT_ARRAYSZ = 33
DT_DEFINED, DT_LOOS = 38, 0x60000000  # tags below the one have a meaning in the ABI

R_32, R_GLOB_DAT, R_JMP_SLOT, R_RELATIVE, R_PLT = 1, 3, 4, 5, 6
NOTHING_TO_DO = {0, 2}  # R_XTENSA_NONE and R_XTENSA_RTLD
BY_SYMBOL = {R_32, R_GLOB_DAT, R_JMP_SLOT, R_PLT}

ENTRY_A1 = (0x36, 0x01)  # low byte of `entry`, and the register in the low half of the next one

#: what an ESP32 has, the end of each included (technical reference manual, "Address Mapping"), and
#: numbers: less than 16 MB from 0
ESP32 = (
    (0x3F400000, 0x3F800000),  # constants in flash
    (0x3F800000, 0x3FC00000),  # PSRAM
    (0x3FF00000, 0x3FF82000),  # registers, and RTC memory as the one core sees it
    (0x3FF90000, 0x400C2000),  # internal memory
    (0x400D0000, 0x40400000),  # code in flash
    (0x50000000, 0x50002000),  # RTC memory
    (0, 0xFFFFFF),
    (0xFF000000, MASK),
)


class RefusedError(Exception):
    """The loader has to refuse the module, with this error."""


@dataclass(frozen=True)
class Firmware:
    """What a module meets: the functions that are called in it, in their order, and the identity.

    And what the chip has at which addresses; of memory `surely` bytes are there for a segment, and
    `never` are not.
    """

    exports: Sequence[str]
    identity: bytes
    places: Sequence[tuple[int, int]] = ESP32
    surely: int = 48 * 1024
    never: int = 512 * 1024


@dataclass(frozen=True)
class Segment:
    """One that is loaded, or one that is only read."""

    link: int
    offset: int
    file_size: int
    size: int
    align: int
    executable: bool

    @property
    def end(self) -> int:
        return self.link + self.size

    def has(self, link: int, size: int) -> bool:
        return self.link <= link and link + size <= self.end and link < self.end

    def has_in_file(self, link: int, size: int) -> bool:
        return self.link <= link and link + size <= self.link + self.file_size

    def distance(self, address: int) -> int:
        """From what is before it or behind it; -1 inside. Addresses wrap around."""
        if self.has(address, 1):
            return -1
        return min((self.link - address) & MASK, (address - self.end) & MASK)


@dataclass
class Module:
    """As far as it has been read."""

    data: bytes
    header: Values = field(default_factory=dict)
    program_headers: list[Values] = field(default_factory=list)
    loaded: list[Segment] = field(default_factory=list)
    read_only: list[Segment] = field(default_factory=list)
    tags: dict[int, int] = field(default_factory=dict)
    buckets: list[int] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    symbols: list[Values] = field(default_factory=list)
    strings: bytes = b""
    relocations: list[Values] = field(default_factory=list)
    links: dict[str, int] = field(default_factory=dict)  # of exported functions

    def at(self, link: int, size: int, error: str) -> int:
        """Where the bytes at a link address are in the file."""
        for segment in (*self.loaded, *self.read_only):
            if segment.has_in_file(link, size):
                return segment.offset + link - segment.link
        raise RefusedError(error)

    def segment_of(self, link: int, size: int) -> Segment | None:
        return next((segment for segment in self.loaded if segment.has(link, size)), None)

    def nearest(self, address: int) -> Segment | None:
        """Along with which an address goes; the first in the file of two that are as close."""
        near = min(self.loaded, key=lambda segment: segment.distance(address))
        return near if near.distance(address) < REACH else None

    def in_place(self, link: int) -> int:
        """The word that a segment has in the file, zeros behind its end."""
        segment = self.segment_of(link, 4)
        assert segment
        start = segment.offset + link - segment.link
        word = self.data[start : max(start, segment.offset + segment.file_size)][:4]
        return int.from_bytes(word.ljust(4, b"\0"), "little")

    def name(self, symbol: Values) -> bytes:
        start = symbol["st_name"]
        return self.strings[start : self.strings.index(b"\0", start)]


def require(condition: object, error: str) -> None:
    if not condition:
        raise RefusedError(error)


# the ELF header and what it tells of


def read_header(module: Module) -> None:
    data = module.data
    require(data, "EMPTY")
    require(len(data) >= EHDR.size, "TRUNCATED")
    header = module.header = EHDR.read(data, 0)
    for name, value, error in (
        ("EI_MAG", 0x464C457F, "MAGIC"),
        ("EI_CLASS", 1, "CLASS"),
        ("EI_DATA", 1, "ENDIANNESS"),
        ("EI_VERSION", 1, "VERSION"),
        ("EI_OSABI", 0, "ABI"),
        ("EI_ABIVERSION", 0, "ABI"),
        ("e_machine", 94, "MACHINE"),
        ("e_type", 3, "TYPE"),
        ("e_version", 1, "VERSION"),
    ):
        require(header[name] == value, error)
    require(not header["e_flags"] & ~EF_KNOWN, "FLAGS")
    require(header["e_ehsize"] == EHDR.size, "HEADER_SIZE")


def read_program_headers(module: Module) -> None:
    header = module.header
    count, at = header["e_phnum"], header["e_phoff"]
    require(0 < count < PN_XNUM, "PROGRAM_HEADERS")
    require(header["e_phentsize"] == PHDR.size, "HEADER_SIZE")
    require(EHDR.size <= at <= len(module.data) - count * PHDR.size, "PROGRAM_HEADERS")
    module.program_headers = list(PHDR.read_all(module.data, at, count))


def check_section_headers(module: Module) -> None:
    header = module.header
    count, at = header["e_shnum"], header["e_shoff"]
    if count == 0:
        require(at == 0, "SECTION_HEADERS")
        return
    require(count < SHN_LORESERVE, "SECTION_HEADERS")
    require(header["e_shentsize"] == SHDR.size, "HEADER_SIZE")
    require(at >= EHDR.size, "SECTION_HEADERS")
    require(header["e_shstrndx"] < count, "SECTION_HEADERS")
    require(at + count * SHDR.size <= len(module.data), "SECTION_HEADERS")


# segments


def read_segments(module: Module) -> None:
    for values in module.program_headers:
        kind = values["p_type"]
        known = kind in (PT_NULL, PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_PHDR)
        require(known or PT_LOOS <= kind <= PT_HIOS, "SEGMENT_TYPE")
    for kind, segments in ((PT_LOAD, module.loaded), (PT_META, module.read_only)):
        for values in module.program_headers:
            if values["p_type"] != kind:
                continue
            require(values["p_filesz"] <= values["p_memsz"], "SEGMENT_BOUNDS")
            if values["p_memsz"]:
                segments.append(read_segment(module, values))
    require(any(s.executable and s.file_size for s in module.loaded), "NO_TEXT")


def read_segment(module: Module, values: Values) -> Segment:
    others = (*module.loaded, *module.read_only)
    link, offset, align = values["p_vaddr"], values["p_offset"], values["p_align"]
    executable = bool(values["p_flags"] & PF_X)
    segment = Segment(
        link, offset, values["p_filesz"], values["p_memsz"], max(align, 4), executable
    )
    require(len(others) < SEGMENTS_MAX, "SEGMENT_COUNT")
    require(not values["p_flags"] & ~PF_KNOWN, "SEGMENT_FLAGS")
    require(offset + segment.file_size <= len(module.data), "SEGMENT_BOUNDS")
    require(segment.end <= MASK, "SEGMENT_BOUNDS")
    require(align & (align - 1) == 0 and align <= ALIGN_MAX, "SEGMENT_ALIGN")
    require(align <= 1 or (link - offset) % align == 0, "SEGMENT_ALIGN")
    text = values["p_type"] == PT_LOAD and executable
    require(not text or link % 4 == 0, "SEGMENT_ALIGN")
    apart = all(segment.end <= other.link or other.end <= link for other in others)
    require(apart, "SEGMENT_OVERLAP")
    return segment


# the dynamic table and what it tells of


def read_dynamic(module: Module) -> None:
    tables: list[Values] = []
    for values in module.program_headers:
        if values["p_type"] != PT_DYNAMIC:
            continue
        require(not tables, "DYNAMIC")
        require(values["p_offset"] + values["p_filesz"] <= len(module.data), "DYNAMIC")
        require(values["p_filesz"] >= DYN.size, "DYNAMIC")
        tables.append(values)
    require(tables, "DYNAMIC")
    count = tables[0]["p_filesz"] // DYN.size
    for entry in DYN.read_all(module.data, tables[0]["p_offset"], count):
        tag = entry["d_tag"]
        if tag == DT_NULL:
            return
        if tag < DT_LOOS:
            require(tag < DT_DEFINED and tag not in module.tags, "DYNAMIC")
            module.tags[tag] = entry["d_val"]
    raise RefusedError("DYNAMIC")


def check_tags(module: Module) -> None:
    tags = module.tags
    for tag in (DT_INIT, DT_FINI, DT_PREINIT_ARRAYSZ):
        require(tags.get(tag, 0) == 0, "CONSTRUCTOR")
    for tag in (DT_NEEDED, DT_REL, DT_RELR):
        require(tag not in tags, "DYNAMIC")
    for table, tag, value, error in (
        (DT_SYMTAB, DT_SYMENT, SYM.size, "ENTRY_SIZE"),
        (DT_RELA, DT_RELASZ, None, ""),
        (DT_RELA, DT_RELAENT, RELA.size, "ENTRY_SIZE"),
        (DT_JMPREL, DT_PLTRELSZ, None, ""),
        (DT_JMPREL, DT_PLTREL, DT_RELA, "RELOC_TABLE"),
        (DT_INIT_ARRAY, DT_INIT_ARRAYSZ, None, ""),
        (DT_FINI_ARRAY, DT_FINI_ARRAYSZ, None, ""),
    ):
        if table in tags:
            require(tag in tags, "DYNAMIC")
            require(value is None or tags[tag] == value, error)


def read_words(module: Module, link: int, count: int, error: str) -> list[int]:
    at = module.at(link, 4 * count, error)
    return list(struct.unpack_from(f"<{count}I", module.data, at))


def read_hash(module: Module) -> None:
    tags = module.tags
    require(DT_HASH in tags, "HASH")
    buckets, chains = read_words(module, tags[DT_HASH], 2, "HASH")
    require(buckets and chains, "HASH")
    words = read_words(module, tags[DT_HASH], 2 + buckets + chains, "HASH")
    module.buckets, module.chains = words[2 : 2 + buckets], words[2 + buckets :]


def read_symbols(module: Module) -> None:
    tags = module.tags
    count = len(module.chains)
    require(DT_SYMTAB in tags, "SYMBOL_TABLE")
    at = module.at(tags[DT_SYMTAB], count * SYM.size, "SYMBOL_TABLE")
    module.symbols = list(SYM.read_all(module.data, at, count))


def read_strings(module: Module) -> None:
    tags = module.tags
    require(DT_STRTAB in tags and DT_STRSZ in tags, "STRING_TABLE")
    size = tags[DT_STRSZ]
    at = module.at(tags[DT_STRTAB], size, "STRING_TABLE")
    module.strings = module.data[at : at + size]
    require(module.strings[:1] == b"\0", "STRING_TABLE")
    require(module.strings[-1:] == b"\0", "STRING_END")


def read_relocations(module: Module) -> None:
    tags = module.tags
    ranges = []
    for table, size_tag in ((DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ)):
        size = tags.get(size_tag, 0)
        require(size % RELA.size == 0, "RELOC_TABLE")
        if size:
            require(table in tags, "RELOC_TABLE")
            at = module.at(tags[table], size, "RELOC_TABLE")
            ranges.append(range(at, at + size))
            module.relocations += RELA.read_all(module.data, at, size // RELA.size)
    if len(ranges) == 2:
        first, second = ranges
        require(first.stop <= second.start or second.stop <= first.start, "RELOC_TABLE")


def functions_of(module: Module) -> Iterator[range]:
    """The link addresses of the entries of both tables of functions."""
    tags = module.tags
    for table, size_tag in ((DT_INIT_ARRAY, DT_INIT_ARRAYSZ), (DT_FINI_ARRAY, DT_FINI_ARRAYSZ)):
        link, size = tags.get(table, 0), tags.get(size_tag, 0)
        require(size % 4 == 0 and size <= 4 * FUNCTIONS_MAX, "CONSTRUCTOR")
        inside = any(segment.has_in_file(link, size) for segment in module.loaded)
        require(size == 0 or (table in tags and inside), "CONSTRUCTOR")
        yield range(link, link + size, 4)


# notes


def check_note_segments(module: Module) -> None:
    for values in module.program_headers:
        if values["p_type"] == PT_NOTE:
            require(values["p_offset"] + values["p_filesz"] <= len(module.data), "NOTE")


def check_identity(module: Module, identity: bytes) -> None:
    found = False
    for values in module.program_headers:
        if values["p_type"] != PT_NOTE:
            continue
        at, end = values["p_offset"], values["p_offset"] + values["p_filesz"]
        while at < end:
            require(end - at >= NOTE.size, "NOTE")
            note = NOTE.read(module.data, at)
            name_at = at + NOTE.size
            content_at = name_at + (note["n_namesz"] + 3 & ~3)
            at = content_at + (note["n_descsz"] + 3 & ~3)
            require(at <= end, "NOTE")
            name = module.data[name_at : name_at + note["n_namesz"]]
            if name == b"hotreload\0" and note["n_type"] == 1:
                require(note["n_descsz"] == len(identity), "NOTE")
                content = module.data[content_at : content_at + len(identity)]
                require(content == identity, "IDENTITY")
                found = True
    require(found, "IDENTITY_MISSING")


# relocations


def moves(symbol: Values) -> bool:
    return symbol["st_shndx"] not in (SHN_UNDEF, SHN_ABS)


def check_symbol(module: Module, symbol: Values) -> None:
    """Of one that a relocation refers to."""
    require(symbol["st_name"] < len(module.strings), "SYMBOL_NAME")
    check_info_and_section(module, symbol)
    require(not moves(symbol) or module.nearest(symbol["st_value"]), "SYMBOL_VALUE")
    weak = symbol["st_info"] >> 4 == STB_WEAK
    require(symbol["st_shndx"] != SHN_UNDEF or weak, "SYMBOL_UNDEFINED")


def check_info_and_section(module: Module, symbol: Values) -> None:
    known = symbol["st_info"] >> 4 <= STB_WEAK and symbol["st_info"] & 15 <= STT_SECTION
    require(known, "SYMBOL_INFO")
    sections = module.header["e_shnum"] or SHN_LORESERVE
    require(symbol["st_shndx"] == SHN_ABS or symbol["st_shndx"] < sections, "SYMBOL_SECTION")


def check_relocation(module: Module, relocation: Values, firmware: Firmware) -> None:
    number, kind = relocation["r_info"] >> 8, relocation["r_info"] & 255
    require(kind in NOTHING_TO_DO | BY_SYMBOL | {R_RELATIVE}, "RELOC_TYPE")
    if kind in NOTHING_TO_DO:
        return
    require(module.segment_of(relocation["r_offset"], 4), "RELOC_OFFSET")
    if kind == R_RELATIVE:
        require(number == 0, "RELOC_SYMBOL")
        value = module.in_place(relocation["r_offset"]) + relocation["r_addend"] & MASK
        own = foreign = True
    else:
        require(0 < number < len(module.symbols), "RELOC_SYMBOL")
        symbol = module.symbols[number]
        check_symbol(module, symbol)
        value = linked_value(symbol) + relocation["r_addend"] & MASK
        own = moves(symbol)
        foreign = not own
    of_chip = any(start <= value <= end for start, end in firmware.places)
    require((own and module.nearest(value)) or (foreign and of_chip), "RELOC_VALUE")


def linked_value(symbol: Values) -> int:
    return 0 if symbol["st_shndx"] == SHN_UNDEF else symbol["st_value"]


# functions


def begins_function(module: Module, link: int) -> bool:
    segment = module.segment_of(link, 3)
    if segment is None or not segment.executable or not segment.has_in_file(link, 3) or link % 4:
        return False
    at = segment.offset + link - segment.link
    return (module.data[at], module.data[at + 1] & 15) == ENTRY_A1


def check_functions(module: Module) -> None:
    """Each entry of the tables is written by one relocation, and is a function of the module."""
    for table in functions_of(module):
        written = []
        for relocation in module.relocations:
            place, kind = relocation["r_offset"], relocation["r_info"] & 255
            if not table or kind in NOTHING_TO_DO:
                continue
            if place < table.stop and place + 4 > table.start:
                require(place in table and place not in written, "CONSTRUCTOR")
                written.append(place)
                function = linked_function(module, relocation)
                require(function is not None and begins_function(module, function), "CONSTRUCTOR")
        require(len(written) == len(table), "CONSTRUCTOR")


def linked_function(module: Module, relocation: Values) -> int | None:
    """What the relocation writes, as it is linked; None: nothing of the module."""
    if relocation["r_info"] & 255 == R_RELATIVE:
        return module.in_place(relocation["r_offset"]) + relocation["r_addend"] & MASK
    symbol = module.symbols[relocation["r_info"] >> 8]
    return symbol["st_value"] + relocation["r_addend"] & MASK if moves(symbol) else None


def elf_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte & MASK
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value


def find_export(module: Module, name: bytes) -> int:
    index = module.buckets[elf_hash(name) % len(module.buckets)]
    seen = set()
    while index:
        require(index < len(module.symbols), "HASH")
        require(index not in seen, "HASH_CHAIN")
        seen.add(index)
        symbol = module.symbols[index]
        require(symbol["st_name"] < len(module.strings), "SYMBOL_NAME")
        local = symbol["st_info"] >> 4 == STB_LOCAL
        if moves(symbol) and not local and module.name(symbol) == name:
            check_info_and_section(module, symbol)
            return symbol["st_value"]
        index = module.chains[index]
    raise RefusedError("SYMBOL_MISSING")


def find_exports(module: Module, exports: Sequence[str]) -> None:
    module.links = {name: find_export(module, name.encode()) for name in exports}
    for link in module.links.values():
        require(begins_function(module, link), "ENTRY")


# the verdict

#: what is looked at, in this order; README, "Errors"
STEPS: tuple[Callable[[Module], object], ...] = (
    read_header,
    read_program_headers,
    check_section_headers,
    read_segments,
    check_note_segments,
    read_dynamic,
    check_tags,
    read_hash,
    read_symbols,
    read_strings,
    read_relocations,
    lambda module: list(functions_of(module)),
)


@dataclass(frozen=True)
class Verdict:
    """`error` is a name, or ESP_OK; `module` is there unless the module is refused.

    With `perhaps_no_memory` it depends on the heap whether it is ESP_ERR_NO_MEM.
    """

    error: str
    module: Module | None = None
    perhaps_no_memory: bool = False

    def fits(self, error: str) -> bool:
        return error == self.error or (self.perhaps_no_memory and error == "ESP_ERR_NO_MEM")


def judge(elf: bytes, firmware: Firmware) -> Verdict:
    module = Module(elf)
    try:
        for step in STEPS:
            step(module)
        check_identity(module, firmware.identity)
        for relocation in module.relocations:
            check_relocation(module, relocation, firmware)
        check_functions(module)
        find_exports(module, firmware.exports)
    except RefusedError as refused:
        return Verdict(f"HOTRELOAD_ERR_{refused}")
    needed = [segment.size + segment.align for segment in module.loaded]
    if any(size > firmware.never for size in needed):
        return Verdict("ESP_ERR_NO_MEM")
    return Verdict("ESP_OK", module, sum(needed) > firmware.surely)


def judge_head(elf: bytes, firmware: Firmware) -> str:
    """What an upload is refused with before all of it is there, or ESP_OK (README, "HTTP")."""
    module = Module(elf)
    try:
        read_header(module)
        headers = range(module.header["e_phoff"], len(elf) - PHDR.size + 1, PHDR.size)
        sized = module.header["e_phentsize"] == PHDR.size
        count = module.header["e_phnum"] if sized else 0
        found = (PHDR.read(elf, at) for at in headers[:count])
        module.program_headers = [
            values
            for values in found
            if values["p_type"] != PT_NOTE or values["p_offset"] + values["p_filesz"] <= len(elf)
        ]
    except RefusedError as refused:
        return f"HOTRELOAD_ERR_{refused}"
    try:
        check_identity(module, firmware.identity)
    except RefusedError as refused:
        if str(refused) == "IDENTITY":
            return "HOTRELOAD_ERR_IDENTITY"
    sizes = [
        values["p_memsz"]
        for values in module.program_headers
        if values["p_type"] == PT_LOAD
        and values["p_filesz"] <= values["p_memsz"] <= MASK - values["p_vaddr"]
    ]
    is_too_large = any(size > firmware.never for size in sizes[:SEGMENTS_MAX])
    return "ESP_ERR_NO_MEM" if is_too_large else "ESP_OK"


def images(module: Module, addresses: Sequence[int]) -> list[bytes]:
    """What each segment has to hold when they are at these addresses, in the order of the file.

    An address that goes along with no segment is one of the firmware and stays.
    """
    places = list(zip(module.loaded, addresses, strict=True))
    contents = [
        bytearray(module.data[s.offset : s.offset + s.file_size].ljust(s.size, b"\0"))
        for s in module.loaded
    ]

    def run_address(link: int, value: int) -> int:
        near = module.nearest(link)
        slide = next((run - s.link for s, run in places if s is near), 0)
        return value + slide & MASK

    for relocation in module.relocations:
        kind, addend = relocation["r_info"] & 255, relocation["r_addend"]
        if kind in NOTHING_TO_DO:
            continue
        index = next(i for i, s in enumerate(module.loaded) if s.has(relocation["r_offset"], 4))
        at = relocation["r_offset"] - module.loaded[index].link
        if kind == R_RELATIVE:
            (word,) = struct.unpack_from("<I", contents[index], at)
            value = run_address(word + addend & MASK, word + addend)
        else:
            symbol = module.symbols[relocation["r_info"] >> 8]
            value = linked_value(symbol) + addend & MASK
            if moves(symbol):
                value = run_address(symbol["st_value"], value)
        struct.pack_into("<I", contents[index], at, value)
    return [bytes(content) for content in contents]
