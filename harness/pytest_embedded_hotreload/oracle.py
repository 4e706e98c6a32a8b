"""What every byte of a loaded module has to be.

The oracle is independent of the component and of the build: it reads the module's ELF with
pyelftools, takes from the trace only where the segments lie, and applies the relocations by the
rules of the ELF specification and of the Xtensa processor supplement, as GNU ld makes use of
them:

- RELATIVE: the word in place is a link address (plus an addend that ld leaves 0) and moves with
  the segment it points into. An address far outside of the module is one of the firmware and
  stays.
- GLOB_DAT, JMP_SLOT, 32 and PLT: symbol plus addend.
- Everything else needs nothing.
"""

import io
import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.dynamic import SHN_ABS, SHN_UNDEF, DynamicTable, Relocation, Symbol
from pytest_embedded_hotreload.errors import ConditionNotMet
from pytest_embedded_hotreload.memory import Memory
from pytest_embedded_hotreload.placement import Placement

R_XTENSA_32 = 1
R_XTENSA_GLOB_DAT = 3
R_XTENSA_JMP_SLOT = 4
R_XTENSA_RELATIVE = 5
R_XTENSA_PLT = 6

#: what is not here needs nothing
_TYPE_NAMES = {
    R_XTENSA_32: "32",
    R_XTENSA_GLOB_DAT: "GLOB_DAT",
    R_XTENSA_JMP_SLOT: "JMP_SLOT",
    R_XTENSA_RELATIVE: "RELATIVE",
    R_XTENSA_PLT: "PLT",
}

SHF_WRITE, SHF_ALLOC = 1, 2
#: flagged as writable, for the loader
RELOCATED_CONSTANTS = ".data.rel.ro"

#: how far outside of a segment an address may be and still belong to it
NEAR = 64 * 1024

_WORD = struct.Struct("<I")
_MASK = 0xFFFFFFFF


class OracleError(ConditionNotMet):
    """The placement does not fit the module, or the module has something nobody can relocate."""


class ImageDiffers(ConditionNotMet):
    """The device's memory is not what it has to be; the first line says what wrote it.

    `places` are the addresses of wrong words.
    """

    __module__ = "builtins"  # as pytest's own outcomes: its summary shows the name without a module

    def __init__(self, message: str, places: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.places = list(places)


@dataclass(frozen=True)
class Section:
    """Bytes of a module by their link address."""

    link: int
    size: int


@dataclass
class Image:
    """The expected content of one segment."""

    kind: str
    link: int
    address: int
    data: bytes
    #: the relocation that wrote the word at an offset
    written: dict[int, str] = field(default_factory=dict)

    def part(self, section: Section) -> "Image":
        """What a section of the segment holds."""
        start = section.link - self.link
        end = start + section.size
        written = {at - start: text for at, text in self.written.items() if start <= at < end}
        data = self.data[start:end]
        return Image(self.kind, section.link, self.address + start, data, written)

    def writers(self, at: int) -> list[str]:
        """The relocations that wrote bytes of the word at an offset."""
        return [text for place, text in self.written.items() if at - 4 < place < at + 4]


def expected_images(elf: bytes, placement: Placement) -> list[Image]:
    """Compute the content of every segment of the module `elf` at `placement`."""
    buffers = _place(ELFFile(io.BytesIO(elf)), placement)
    images = [Image(s.kind, s.link, s.address, b"") for s in placement.segments]
    for relocation in _relocations(elf):
        if relocation.type not in _TYPE_NAMES:
            continue
        index = _segment_of(placement, relocation.place, 4)
        if index is None:
            raise OracleError(f"a relocation writes to {relocation.place:#x}, outside the module")
        at = relocation.place - placement.segments[index].link
        (in_place,) = _WORD.unpack_from(buffers[index], at)
        value = _value(placement, relocation, in_place)
        _WORD.pack_into(buffers[index], at, value & _MASK)
        images[index].written[at] = _describe(relocation)
    for image, buffer in zip(images, buffers, strict=True):
        image.data = bytes(buffer)
    return images


def constant_images(elf: bytes, placement: Placement, sections: Sequence[Section]) -> list[Image]:
    """As `expected_images`, but only what stays as it is once the module runs."""
    return [
        image.part(section)
        for image in expected_images(elf, placement)
        for section in sections
        if image.link <= section.link < image.link + len(image.data)
    ]


def constant_sections(unstripped: bytes) -> list[Section]:
    """Text and read-only data of a module, also what only the loader writes to."""
    found = ELFFile(io.BytesIO(unstripped)).iter_sections()
    return [
        Section(s["sh_addr"], s["sh_size"])
        for s in found
        if s["sh_flags"] & SHF_ALLOC
        and s["sh_size"]
        and (not s["sh_flags"] & SHF_WRITE or s.name == RELOCATED_CONSTANTS)
    ]


def assert_images_equal(
    memory: Memory,
    images: Sequence[Image],
    symbols: bytes,
    name: Callable[[int], str | None] | None = None,
) -> None:
    """Compare the device's memory with what it has to be, byte for byte; see `explained`."""
    differing = differences(memory, images)
    if differing:
        raise explained(differing, symbols, name)


def differences(memory: Memory, images: Sequence[Image]) -> list[tuple[Image, bytes]]:
    """The images that differ, with what the memory holds instead."""
    found = ((image, memory.read(image.address, len(image.data))) for image in images)
    return [(image, actual) for image, actual in found if actual != image.data]


def explained(
    differing: Sequence[tuple[Image, bytes]],
    symbols: bytes,
    name: Callable[[int], str | None] | None = None,
) -> ImageDiffers:
    """What differs, word by word.

    `symbols` is an ELF with symbols; `name` knows what is at an address of the device.
    """
    kinds: set[str] = set()
    lines, places = [], []
    for image, actual in differing:
        words = _wrong_words(image, actual)
        kinds.update(text.split()[0] for at in words for text in image.writers(at))
        places += [image.address + at for at in words]
        known = name or (lambda address: None)
        lines += _explain(image, actual, words, symbol_finder(symbols), known)
    writers = f"{', '.join(sorted(kinds))} relocations" if kinds else "no relocation"
    headline = f"the loaded module is not what it has to be: words written by {writers} differ"
    return ImageDiffers("\n".join([headline, *lines]), places)


def functions_run(elf: bytes, placement: Placement) -> tuple[list[int], list[int]]:
    """The run addresses of constructors and of destructors, each in the order in which they run."""
    images = expected_images(elf, placement)

    def word(link: int) -> int:
        index = _segment_of(placement, link, 4)
        if index is None:
            raise OracleError(f"a table of functions has {link:#x}, outside the module")
        image = images[index]
        (value,) = _WORD.unpack_from(image.data, link - image.link)
        return int(value)

    table = DynamicTable(elf)
    return [word(at) for at in table.constructors()], [word(at) for at in table.destructors()]


def symbol_finder(elf: bytes) -> Callable[[int], str]:
    """A function that names a link address: the symbol at or before it."""
    file = ELFFile(io.BytesIO(elf))
    table: Any = file.get_section_by_name(".symtab") or file.get_section_by_name(".dynsym")
    named = sorted(
        (symbol["st_value"], symbol.name)
        for symbol in (table.iter_symbols() if table else [])
        if symbol.name and isinstance(symbol["st_shndx"], int)
    )
    starts = [value for value, _ in named]

    def find(address: int) -> str:
        index = bisect_right(starts, address) - 1
        if index < 0:
            return f"{address:#x}"
        start, name = named[index]
        return name if start == address else f"{name}+{address - start:#x}"

    return find


@lru_cache(maxsize=64)
def _relocations(elf: bytes) -> Sequence[Relocation]:
    """All that a dynamic linker applies, of a module that is loaded again and again."""
    return tuple(DynamicTable(elf).relocations())


def _place(file: ELFFile, placement: Placement) -> list[bytearray]:
    """The segments as they are in the file, the rest zero."""
    loads = [segment for segment in file.iter_segments() if segment["p_type"] == "PT_LOAD"]
    linked = [(s["p_vaddr"], s["p_memsz"], s["p_filesz"]) for s in loads]
    reported = [(s.link, s.size, s.file_size) for s in placement.segments]
    if sorted(linked) != sorted(reported):
        raise OracleError(f"the device placed segments {reported}, the module has {linked}")
    by_link = {segment["p_vaddr"]: segment for segment in loads}
    buffers = []
    for placed in placement.segments:
        segment = by_link[placed.link]
        alignment = max(segment["p_align"], 4)
        if (placed.address - placed.link) % alignment:
            raise OracleError(
                f"segment {placed.index} is at {placed.address:#x}: linked for {placed.link:#x}, "
                f"it needs alignment {alignment}"
            )
        buffers.append(bytearray(segment.data().ljust(placed.size, b"\0")))
    return buffers


def _value(placement: Placement, relocation: Relocation, in_place: int) -> int:
    if relocation.type == R_XTENSA_RELATIVE:
        return _run_address(placement, (in_place + relocation.addend) & _MASK)
    return _symbol_address(placement, relocation.symbol) + relocation.addend


def _symbol_address(placement: Placement, symbol: Symbol | None) -> int:
    if symbol is None:
        return 0
    if symbol.section == SHN_UNDEF:
        if not symbol.weak:
            raise OracleError(f"the module needs {symbol.name}, which nobody defines")
        return 0
    return symbol.value if symbol.section == SHN_ABS else _run_address(placement, symbol.value)


def _run_address(placement: Placement, link: int) -> int:
    """Where a link address is at run time; an address close to a segment belongs to it as well.

    A pointer to before or behind an object comes from one-based arrays and the like.
    """
    distances = {
        max(segment.link - link, link - (segment.link + segment.size) + 1, 0): segment
        for segment in reversed(placement.segments)
    }
    nearest = min(distances)
    if nearest > NEAR:
        return link
    return link - distances[nearest].link + distances[nearest].address


def _segment_of(placement: Placement, link: int, size: int) -> int | None:
    for index, segment in enumerate(placement.segments):
        if segment.link <= link and link + size <= segment.link + segment.size:
            return index
    return None


def _describe(relocation: Relocation) -> str:
    name = _TYPE_NAMES[relocation.type]
    if relocation.symbol is None or not relocation.symbol.name:
        return name
    return f"{name} against {relocation.symbol.name}{relocation.addend:+#x}"


def _as_word(data: bytes, known: Callable[[int], str | None]) -> str:
    """Bytes as a word, with what is at that address if it is one."""
    word = int.from_bytes(data, "little")
    symbol = known(word)
    return f"{word:#0{2 + 2 * len(data)}x}" + (f" ({symbol})" if symbol else "")


def _wrong_words(image: Image, actual: bytes) -> list[int]:
    """The offsets of the words that differ."""
    return [
        at for at in range(0, len(image.data), 4) if actual[at : at + 4] != image.data[at : at + 4]
    ]


def _explain(
    image: Image,
    actual: bytes,
    words: Sequence[int],
    name: Callable[[int], str],
    known: Callable[[int], str | None],
    limit: int = 20,
) -> list[str]:
    """One line for each word that differs."""
    lines = [f"{image.kind} at {image.address:#x}: {len(words)} of {len(image.data) // 4} words"]
    for at in words[:limit]:
        lines.append(
            f"  {image.address + at:#x} {name(image.link + at)}: "
            f"expected {_as_word(image.data[at : at + 4], known)}, "
            f"got {_as_word(actual[at : at + 4], known)}, "
            f"written by {', '.join(image.writers(at)) or 'no relocation'}"
        )
    if len(words) > limit:
        lines.append(f"  and {len(words) - limit} more")
    return lines
